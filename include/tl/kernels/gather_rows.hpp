// Contract of gather_rows: y[i] = x[rows[i]].
// y is overwritten; dx accumulates: dx[rows[i]] += dy[i] in the order of i. Row numbers are checked by the caller.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct GatherRowsForward {
  const T* x;                // [N, D]
  const std::int32_t* rows;  // [M]
  T* y;                      // [M, D]
  std::int64_t m, d;
};

template <class T> struct GatherRowsBackward {
  const T* dy;               // [M, D]
  const std::int32_t* rows;  // [M]
  T* dx;                     // [N, D], accumulates
  std::int64_t m, d;
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void gather_rows_forward(const kernels::GatherRowsForward<T>&);
template <class T> void gather_rows_backward(const kernels::GatherRowsBackward<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T>
inline constinit Slot<GatherRowsForward<T>> gather_rows_forward{"gather_rows_forward", &cpu::gather_rows_forward<T>};
template <class T>
inline constinit Slot<GatherRowsBackward<T>> gather_rows_backward{"gather_rows_backward",
                                                                  &cpu::gather_rows_backward<T>};
}  // namespace tl::kernels
