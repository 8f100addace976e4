// Contract of convert: y = x in another format. Rounded to nearest, ties to even; NaN stays NaN. y is overwritten.
#pragma once

#include <cstdint>

#include <tl/core/stored.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct Convert {
  static constexpr const char* name = "convert";

  Stored<const T> x;  // [n]
  Stored<T> y;        // [n], not x itself
  std::int64_t n;
};

}  // namespace tl::kernels
