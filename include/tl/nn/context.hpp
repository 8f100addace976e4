// What a forward pass needs to know beside its inputs: whether it trains, in which precision, and where in the random
// space its dropout masks lie.
#pragma once

#include <cstdint>

#include <tl/core/packed.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/slot.hpp>

namespace tl::nn {

/// Settings of one forward pass. Masks are a function of (seed, site, step) and of the token's logical coordinates, so
/// the same step drops the same units however the batch is packed and on any device.
struct ForwardContext {
  bool training = false;
  Precision precision = Precision::f32;
  std::uint64_t seed = 42;
  std::uint64_t step = 0;  ///< number of the micro-batch since training began

  /// The mask of dropout `p` at `site` for rows that are the tokens of `batch`; inactive outside training.
  kernels::DropoutMask token_mask(double p, std::uint32_t site, const PackedSequences& batch) const {
    auto mask = sequence_mask(p, site);
    mask.sequence = batch.sequence_ids.data();
    mask.position = batch.positions.data();
    return mask;
  }

  /// The mask for rows that are one per sequence (the [CLS] rows), or for attention.
  kernels::DropoutMask sequence_mask(double p, std::uint32_t site) const {
    return {.p = training ? p : 0.0, .seed = seed, .site = site, .step = step};
  }
};

}  // namespace tl::nn
