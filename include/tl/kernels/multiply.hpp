// Contract of multiply: y = a * b, element by element. y is overwritten, or accumulates if asked to.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct Multiply {
  static constexpr const char* name = "multiply";

  const T* a;  // [n]
  const T* b;  // [n]
  T* y;        // [n]
  std::int64_t n;
  bool accumulate = false;
};

}  // namespace tl::kernels
