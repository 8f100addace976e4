// Contract of softmax and of its logarithm over the last dimension: y = e^x / sum(e^x) per row, or log of it.
// y and dx are overwritten.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct SoftmaxForward {
  static constexpr const char* name = "softmax_forward";

  const T* x;  // [N, C]
  T* y;        // [N, C]
  std::int64_t n, c;
  bool logarithm = false;
};

template <class T> struct SoftmaxBackward {
  static constexpr const char* name = "softmax_backward";

  const T* dy;  // [N, C]
  const T* y;   // [N, C]
  T* dx;        // [N, C]
  std::int64_t n, c;
  bool logarithm = false;
};

}  // namespace tl::kernels
