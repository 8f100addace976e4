// Contract of the pointwise functions exp, log and sigmoid: y = f(x), element by element. y and dx are overwritten.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

/// The functions of one number that are applied to each element.
enum class Pointwise { exp, log, sigmoid };

template <class T> struct PointwiseForward {
  static constexpr const char* name = "pointwise_forward";

  const T* x;  // [n]
  T* y;        // [n]
  std::int64_t n;
  Pointwise function;
};

template <class T> struct PointwiseBackward {
  static constexpr const char* name = "pointwise_backward";

  const T* dy;     // [n]
  const T* saved;  // [n]: y of exp and sigmoid, x of log
  T* dx;           // [n]
  std::int64_t n;
  Pointwise function;
};

}  // namespace tl::kernels
