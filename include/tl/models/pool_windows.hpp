// The logits of texts from those of their windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tl/core/batch.hpp>
#include <tl/models/long_texts.hpp>
#include <tl/models/model.hpp>
#include <tl/ops/segment_max.hpp>
#include <tl/ops/segment_mean.hpp>

namespace tl {

/// Logits [R, C] of texts from those of their windows, [B, C], with cu_windows [R + 1]. Throws Error(shape) unless the
/// offsets begin at 0, ascend and end at B, and each text has a window.
inline Variable<float> pool_windows(const Variable<float>& logits, const Tensor<std::int32_t>& cu_windows,
                                    WindowPooling pooling) {
  detail::check_offsets("pool_windows", cu_windows, logits.size(0));
  if (cu_windows.device().type == DeviceType::cpu) {
    const std::span<const std::int32_t> all = cu_windows.span();
    for (std::size_t t = 1; t < all.size(); ++t)
      check(all[t - 1] < all[t], ErrorCode::shape, "pool_windows: expected at least one window of text ", t - 1,
            ", got none");
  }
  return pooling == WindowPooling::mean ? ops::segment_mean(logits, cu_windows) : ops::segment_max(logits, cu_windows);
}

namespace detail {

/// Replaces the logits of windows by those of the texts, if sequences of `batch` are windows.
inline void pool_windows(ModelOutput& output, const Batch& batch, const PretrainedConfig& config) {
  if (batch.cu_windows.defined() && output.logits.defined())
    output.logits = tl::pool_windows(output.logits, batch.cu_windows, config.long_texts.pooling);
}

}  // namespace detail

}  // namespace tl
