// Contract of concat: each row of y is a row of a and then a row of b. y, da and db are overwritten; da and db may be
// null.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct ConcatForward {
  static constexpr const char* name = "concat_forward";

  const T* a;  // [rows, a_width]
  const T* b;  // [rows, b_width]
  T* y;        // [rows, a_width + b_width]
  std::int64_t rows, a_width, b_width;
};

template <class T> struct ConcatBackward {
  static constexpr const char* name = "concat_backward";

  const T* dy;  // [rows, a_width + b_width]
  T* da;        // [rows, a_width] or null
  T* db;        // [rows, b_width] or null
  std::int64_t rows, a_width, b_width;
};

}  // namespace tl::kernels
