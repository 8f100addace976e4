// Contract of squared_norm: the sum of squares of a flat range, accumulated in double in an order that does not depend
// on threads. result is overwritten. Every address is one of the device that computes.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

inline constexpr std::int64_t squared_norm_chunk = 16384;

template <class T> struct SquaredNorm {
  static constexpr const char* name = "squared_norm";

  const T* x;      // [n]
  double* result;  // [1]
  std::int64_t n;
  const std::uint8_t* active = nullptr;  // [ceil(n / chunk)], 0 for chunks that are known to be zero; or null
};

}  // namespace tl::kernels
