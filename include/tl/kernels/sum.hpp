// Contract of sum: y = scale * (sum of all elements of x), and of its backward pass dx = scale * dy for every element.
// y and dx are overwritten. The order of the additions does not depend on threads.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct SumForward {
  static constexpr const char* name = "sum_forward";

  const T* x;  // [n]
  T* y;        // [1]
  std::int64_t n;
  T scale = T(1);
};

template <class T> struct SumBackward {
  static constexpr const char* name = "sum_backward";

  const T* dy;  // [1]
  T* dx;        // [n], overwritten
  std::int64_t n;
  T scale = T(1);
};

}  // namespace tl::kernels
