// Contract of segment_max: y[b][i] = the largest x[r][i] of the rows r in [cu_seqlens[b], cu_seqlens[b + 1]), and
// argmax[b][i] the first such row; a NaN counts as the largest. An empty segment has y = 0 and argmax = -1. y, argmax
// and dx are overwritten; dx is dy at the rows of argmax and 0 elsewhere. Offsets are checked by the
// caller where it can read them; on a GPU a segment that is not within [0, N) has y = NaN and argmax = -1.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct SegmentMaxForward {
  static constexpr const char* name = "segment_max_forward";

  const T* x;                      // [N, D]
  const std::int32_t* cu_seqlens;  // [B + 1]
  T* y;                            // [B, D]
  std::int32_t* argmax;            // [B, D]
  std::int64_t n, b, d;
};

template <class T> struct SegmentMaxBackward {
  static constexpr const char* name = "segment_max_backward";

  const T* dy;                 // [B, D]
  const std::int32_t* argmax;  // [B, D], no row twice in a column but -1
  T* dx;                       // [N, D], overwritten
  std::int64_t n, b, d;
};

}  // namespace tl::kernels
