// Contract of segment_mean: y[b] = mean of the rows [cu_seqlens[b], cu_seqlens[b + 1]) of x; 0 for an empty segment.
// y and dx are overwritten.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct SegmentMeanForward {
  const T* x;                      // [N, D]
  const std::int32_t* cu_seqlens;  // [B + 1]
  T* y;                            // [B, D]
  std::int64_t b, d;
};

template <class T> struct SegmentMeanBackward {
  const T* dy;                     // [B, D]
  const std::int32_t* cu_seqlens;  // [B + 1]
  T* dx;                           // [N, D], overwritten
  std::int64_t b, d;
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void segment_mean_forward(const kernels::SegmentMeanForward<T>&);
template <class T> void segment_mean_backward(const kernels::SegmentMeanBackward<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T>
inline constinit Slot<SegmentMeanForward<T>> segment_mean_forward{"segment_mean_forward",
                                                                  &cpu::segment_mean_forward<T>};
template <class T>
inline constinit Slot<SegmentMeanBackward<T>> segment_mean_backward{"segment_mean_backward",
                                                                    &cpu::segment_mean_backward<T>};
}  // namespace tl::kernels
