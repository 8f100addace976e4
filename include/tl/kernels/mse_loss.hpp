// Contract of the mean squared error: loss = mean of (x - target)^2. loss and dx are overwritten.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct MseLossForward {
  static constexpr const char* name = "mse_loss_forward";

  const T* x;       // [n]
  const T* target;  // [n]
  T* loss;          // [1]
  std::int64_t n;
};

template <class T> struct MseLossBackward {
  static constexpr const char* name = "mse_loss_backward";

  const T* dloss;   // [1]
  const T* x;       // [n]
  const T* target;  // [n]
  T* dx;            // [n]
  std::int64_t n;
};

}  // namespace tl::kernels
