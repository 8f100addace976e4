// What a forward pass needs to know beside its inputs: whether it trains, in which precision, and where in the random
// space its dropout masks are drawn.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <tl/core/batch.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/seed.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/packed_weight_cache.hpp>

namespace tl::nn {

/// Which masks dropout draws. By default it counts itself: every mask of a pass in training mode is another one than
/// all masks before on this thread, and set_seed() starts over. A number that the caller sets stays until the next one
/// is set: the same number gives the same masks again, which a run that is resumed needs.
class DropoutStep {
 public:
  DropoutStep() = default;
  DropoutStep(std::uint64_t number) : number_(number) {}  // NOLINT(google-explicit-constructor): context.step = 7

  bool counts_itself() const { return !number_; }
  /// The number for a mask that is drawn now.
  std::uint64_t draw() const { return number_ ? *number_ : tl::detail::next_mask_number()++; }

  DropoutStep& operator+=(std::uint64_t steps) {
    number_ = number_.value_or(0) + steps;
    return *this;
  }
  DropoutStep& operator++() { return *this += 1; }

 private:
  std::optional<std::uint64_t> number_;
};

/// Settings of one forward pass. Masks are a function of (seed, site, step) and of the token's logical coordinates, so
/// the same step drops the same units however the batch is packed and on any device.
struct ForwardContext {
  bool training = false;
  Precision precision = Precision::f32;
  std::uint64_t seed = 42;
  DropoutStep step{};  ///< counts itself, or the number of the micro-batch since training began
  /// Where that number lies in the memory of the model's device, and is read when a mask is drawn; null: `step` holds.
  const std::uint64_t* step_memory = nullptr;
  /// Shared by passes between which no weight changes, as PackedWeightScope sets it; null: nothing is stored.
  std::shared_ptr<PackedWeightCache> packed_weights{};

  /// The mask of dropout `p` at `site` for rows that are the tokens of `batch`; inactive outside training.
  kernels::DropoutMask dropout_for_tokens(double p, std::uint32_t site, const Batch& batch) const {
    auto mask = dropout_for_sequences(p, site);
    mask.sequence = batch.sequence_ids.data();
    mask.position = batch.positions.data();
    return mask;
  }

  /// The mask for rows that are one per sequence (the [CLS] rows), or for attention.
  kernels::DropoutMask dropout_for_sequences(double p, std::uint32_t site) const {
    if (!training || p == 0.0) return {};
    return {.p = p, .seed = seed, .site = site, .step = step.draw(), .step_memory = step_memory};
  }
};

/// For its lifetime, passes with `context` share packed weights; null changes nothing.
class PackedWeightScope {
 public:
  [[nodiscard]] PackedWeightScope(ForwardContext& context, std::shared_ptr<PackedWeightCache> weights)
      : context_(context), previous_(context.packed_weights) {
    if (weights) context_.packed_weights = std::move(weights);
  }
  ~PackedWeightScope() { context_.packed_weights = std::move(previous_); }
  PackedWeightScope(const PackedWeightScope&) = delete;
  PackedWeightScope& operator=(const PackedWeightScope&) = delete;

 private:
  ForwardContext& context_;
  std::shared_ptr<PackedWeightCache> previous_;
};

}  // namespace tl::nn
