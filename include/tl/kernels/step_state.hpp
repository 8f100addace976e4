// The numbers of a training step that a device computes and reads without the host, and the two contracts that change
// them. An update then needs no answer of the device: its kernels find in StepState which update it is, how gradients
// are clipped, and whether weights may change at all. The host looks at it when it logs, evaluates, saves or ends.
//
// A loss or a norm that is not finite makes `apply` 0, for good: no weight is touched afterwards, and `failure` says
// what came first, so that a late look tells as much as one at once.
#pragma once

#include <cstdint>

#include <tl/core/finite.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

/// What was not finite.
enum class StepFailure : std::int32_t { none, loss, norm };

/// Lies in the memory of the device that computes.
struct StepState {
  std::int64_t updates = 0;       // begun so far: 1 while the first one is made
  std::uint64_t micro_batch = 0;  // number of the present one, which its dropout masks depend on
  double squared_norm = 0.0;      // of the gradients of the present update; squared_norm writes it
  float loss = 0.0F;              // sum of what the micro-batches gave since the host made it 0
  float grad_norm = 0.0F;         // of the last update, before clipping
  float clip = 1.0F;              // factor of all gradients of the present update
  float loss_scale = 1.0F;        // that gradients were multiplied with; clip takes it out again
  std::int32_t apply = 1;         // 0: weights stay as they are
  StepFailure failure = StepFailure::none;
  float failed_value = 0.0F;  // the loss or norm that was not finite
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

/// The end of a micro-batch, after its backward pass: adds its part of the update's loss, and counts it.
template <class T> struct AddLoss {
  static constexpr const char* name = "add_loss";

  const T* loss;  // [1]; null: no label counts, which adds nothing
  StepState* state;
  float factor = 1.0F, divisor = 1.0F;  // the part is loss * factor / divisor
};

/// The begin of an update, when all gradients are there: from the squared norm, what the optimizer reads.
struct PrepareUpdate {
  static constexpr const char* name = "prepare_update";

  StepState* state;
  float max_norm = 0.0F;  // 0: no clipping, and no look at the norm
};

/// What both bodies of AddLoss do.
template <class T> constexpr void add_loss(const AddLoss<T>& p) {
  StepState& state = *p.state;
  if (p.loss) {
    const auto value = static_cast<float>(*p.loss);
    if (!tl::detail::is_finite(value)) state.fail(StepFailure::loss, value, state.micro_batch);
    else state.loss += value * p.factor / p.divisor;
  }
  ++state.micro_batch;
}

/// What both bodies of PrepareUpdate do; `root` is the square root of state->squared_norm. The micro-batch that a norm
/// belongs to is the last one, which is counted already.
constexpr void prepare_update(const PrepareUpdate& p, double root) {
  StepState& state = *p.state;
  ++state.updates;
  state.clip = 1.0F;
  if (p.max_norm > 0.0F) {
    state.grad_norm = static_cast<float>(root) / state.loss_scale;
    if (!tl::detail::is_finite(state.grad_norm)) state.fail(StepFailure::norm, state.grad_norm, state.micro_batch - 1);
    const float coefficient = p.max_norm / (state.grad_norm + 1e-6F);
    if (!(coefficient > 1.0F)) state.clip = coefficient;
  }
  state.clip /= state.loss_scale;
}

}  // namespace tl::kernels
