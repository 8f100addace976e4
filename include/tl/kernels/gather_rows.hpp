// Contract of gather_rows: y[i] = x[rows[i]].
// y is overwritten; dx accumulates: dx[rows[i]] += dy[i] in the order of i. Row numbers are checked by the
// caller where it can read them; a GPU gives NaN for one outside [0, N), and no gradient.
#pragma once

#include <cstdint>

#include <tl/core/stored.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct GatherRowsForward {
  static constexpr const char* name = "gather_rows_forward";

  Stored<const T> x;         // [N, D]
  const std::int32_t* rows;  // [M]
  Stored<T> y;               // [M, D], in the format of x
  std::int64_t n, m, d;
};

template <class T> struct GatherRowsBackward {
  static constexpr const char* name = "gather_rows_backward";

  Stored<const T> dy;        // [M, D]
  const std::int32_t* rows;  // [M]
  Stored<T> dx;              // [N, D], accumulates
  std::int64_t n, m, d;
};

}  // namespace tl::kernels
