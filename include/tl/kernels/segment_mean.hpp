// Contract of segment_mean: y[b] = mean of the rows [cu_seqlens[b], cu_seqlens[b + 1]) of x; 0 for an empty segment.
// y and dx are overwritten; rows after those of the last segment belong to none and have gradient 0. Offsets
// are checked by the caller where it can read them; on a GPU a segment that is not within [0, N) has mean NaN.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct SegmentMeanForward {
  static constexpr const char* name = "segment_mean_forward";

  const T* x;                      // [N, D]
  const std::int32_t* cu_seqlens;  // [B + 1]
  T* y;                            // [B, D]
  std::int64_t n, b, d;
};

template <class T> struct SegmentMeanBackward {
  static constexpr const char* name = "segment_mean_backward";

  const T* dy;                     // [B, D]
  const std::int32_t* cu_seqlens;  // [B + 1]
  T* dx;                           // [N, D], overwritten
  std::int64_t n, b, d;
};

}  // namespace tl::kernels
