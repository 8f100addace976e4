// Contract of row_broadcast: every row of x plus, or times, one row. y and dx are overwritten, drow accumulates; dx and
// drow may be null.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct RowBroadcastForward {
  static constexpr const char* name = "row_broadcast_forward";

  const T* x;    // [N, D]
  const T* row;  // [D]
  T* y;          // [N, D]
  std::int64_t n, d;
  bool multiply = false;
};

template <class T> struct RowBroadcastBackward {
  static constexpr const char* name = "row_broadcast_backward";

  const T* dy;   // [N, D]
  const T* x;    // [N, D]; read for a product only
  const T* row;  // [D]; read for a product only
  T* dx;         // [N, D] or null
  T* drow;       // [D] or null
  std::int64_t n, d;
  bool multiply = false;
};

}  // namespace tl::kernels
