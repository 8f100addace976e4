// The numbers of a training step that a device computes and reads without the host, and the contracts that change and
// read them. An update then needs no answer of the device: its kernels find in StepState which update it is, how
// gradients are clipped, and whether weights may change at all. The host looks at it when it logs, evaluates, saves or
// ends.
//
// In fp32 and bf16 a loss or a norm that is not finite makes `apply` 0, for good: no weight is touched afterwards, and
// `failure` says what came first, so that a late look tells as much as one at once. In fp16 gradients are computed from
// a loss that is multiplied with `loss_scale`, so that small ones are not lost; a scale that is too large makes them
// infinite. Such an update is skipped, and the scale follows as in the reference's GradScaler (torch.amp).
#pragma once

#include <cstdint>

#include <tl/core/finite.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

/// What was not finite; of scales, which one was too small to go on with.
enum class StepFailure : std::int32_t { none, loss, norm, scale };

/// How the scale of the loss follows what happens, with the numbers of the reference; `least` is ours: below it nothing
/// is left of what scaling is for, and an update that still overflows will always do so.
struct LossScaling {
  float growth = 2.0F;   // factor after `growth_interval` updates without an overflow
  float backoff = 0.5F;  // factor after an overflow
  std::int32_t growth_interval = 2000;
  float least = 1.0F / 8192.0F;

  static constexpr float initial = 65536.0F;
};

/// Lies in the memory of the device that computes.
struct StepState {
  std::int64_t updates = 0;       // begun and not skipped: 1 while the first one is made
  std::uint64_t micro_batch = 0;  // number of the present one, which its dropout masks depend on
  double squared_norm = 0.0;      // of the gradients of the present update; squared_norm writes it
  std::int64_t skipped = 0;       // updates that overflowed, in fp16
  std::int64_t loss_since = 0;    // updates, skipped ones included, when the host made `loss` 0
  float loss = 0.0F;              // sum of what the micro-batches gave since the host made it 0
  float grad_norm = 0.0F;         // of the last update, before clipping
  float clip = 1.0F;              // factor of all gradients of the present update
  float loss_scale = 1.0F;        // that gradients are multiplied with; clip takes it out again
  std::int32_t scale_age = 0;     // updates without an overflow since the scale changed
  std::int32_t apply = 1;         // 0: weights stay as they are
  StepFailure failure = StepFailure::none;
  float failed_value = 0.0F;  // the loss or norm that was not finite, or the scale
  std::uint64_t failed_micro_batch = 0;

  /// What was not finite, and in which micro-batch; only the first failure is kept.
  constexpr void fail(StepFailure what, float value, std::uint64_t where) {
    if (failure != StepFailure::none) return;
    failure = what;
    failed_value = value;
    failed_micro_batch = where;
    apply = 0;
  }
};

/// The gradient that a backward pass begins with, in fp16.
template <class T> struct ScaledSeed {
  static constexpr const char* name = "scaled_seed";

  T* seed;  // [1], overwritten
  const StepState* state;
  float share = 1.0F;  // seed = share * loss_scale
};

/// The end of a micro-batch, after its backward pass: adds its part of the update's loss, and counts it.
template <class T> struct AddLoss {
  static constexpr const char* name = "add_loss";

  const T* loss;  // [1]; null: no label counts, which adds nothing
  StepState* state;
  float factor = 1.0F, divisor = 1.0F;  // the part is loss * factor / divisor
  bool scaled = false;                  // fp16: for a loss that is not finite the mean of those before is added
};

/// The begin of an update, when all gradients are there: from the squared norm, what the optimizer reads.
struct PrepareUpdate {
  static constexpr const char* name = "prepare_update";

  StepState* state;
  bool scaled = false;    // fp16: gradients are multiplied with loss_scale
  float max_norm = 0.0F;  // 0: no clipping and, unless `scaled`, no look at the norm
  LossScaling scaling{};
};

/// What both bodies of ScaledSeed do.
template <class T> constexpr void scaled_seed(const ScaledSeed<T>& p) {
  *p.seed = static_cast<T>(p.share * p.state->loss_scale);
}

/// What both bodies of AddLoss do.
template <class T> constexpr void add_loss(const AddLoss<T>& p) {
  StepState& state = *p.state;
  if (p.loss) {
    const auto value = static_cast<float>(*p.loss);
    if (tl::detail::is_finite(value)) state.loss += value * p.factor / p.divisor;
    else if (!p.scaled) state.fail(StepFailure::loss, value, state.micro_batch);
    else state.loss += state.loss / static_cast<float>(1 + state.updates + state.skipped - state.loss_since);
  }
  ++state.micro_batch;
}

/// The factor that clips gradients of this norm: in float, as the reference computes it, and not by std::min, which
/// would drop a NaN norm.
constexpr float clip_factor(float max_norm, float norm) {
  const float coefficient = max_norm / (norm + 1e-6F);
  return coefficient > 1.0F ? 1.0F : coefficient;
}

/// prepare_update() in fp16.
constexpr void prepare_scaled_update(const PrepareUpdate& p, double root) {
  StepState& state = *p.state;
  const float scale = state.loss_scale;
  const auto norm = static_cast<float>(root / static_cast<double>(scale));
  if (p.max_norm > 0.0F) state.grad_norm = norm;
  state.apply = tl::detail::is_finite(root) && state.failure == StepFailure::none ? 1 : 0;
  if (state.apply) {
    ++state.updates;
    state.clip = (p.max_norm > 0.0F ? clip_factor(p.max_norm, norm) : 1.0F) / scale;
    if (++state.scale_age < p.scaling.growth_interval) return;
    if (const float grown = scale * p.scaling.growth; tl::detail::is_finite(grown)) state.loss_scale = grown;
  } else {
    ++state.skipped;
    state.loss_scale = scale * p.scaling.backoff;
    if (state.loss_scale < p.scaling.least) state.fail(StepFailure::scale, state.loss_scale, state.micro_batch - 1);
  }
  state.scale_age = 0;
}

/// What both bodies of PrepareUpdate do; `root` is the square root of state->squared_norm. The micro-batch that a norm
/// belongs to is the last one, which is counted already.
constexpr void prepare_update(const PrepareUpdate& p, double root) {
  if (p.scaled) return prepare_scaled_update(p, root);
  StepState& state = *p.state;
  ++state.updates;
  state.clip = 1.0F;
  if (p.max_norm <= 0.0F) return;
  state.grad_norm = static_cast<float>(root);
  if (!tl::detail::is_finite(state.grad_norm)) state.fail(StepFailure::norm, state.grad_norm, state.micro_batch - 1);
  state.clip = clip_factor(p.max_norm, state.grad_norm);
}

}  // namespace tl::kernels
