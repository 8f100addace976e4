// Contract of layer normalisation over the last dimension:
// mean and variance of each row, xhat = (x - mean) / sqrt(variance + eps), y = gamma * xhat + beta.
// y, mean, rstd and dx are overwritten; dgamma and dbeta accumulate. Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450,
// (4).
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct LayerNormForward {
  static constexpr const char* name = "layer_norm_forward";

  const T* x;      // [N, D]
  const T* gamma;  // [D]
  const T* beta;   // [D]
  T* y;            // [N, D]
  T* mean;         // [N], saved for the backward pass
  T* rstd;         // [N], 1 / sqrt(variance + eps), saved for the backward pass
  std::int64_t n, d;
  double eps;
};

template <class T> struct LayerNormBackward {
  static constexpr const char* name = "layer_norm_backward";

  const T* dy;     // [N, D]
  const T* x;      // [N, D]
  const T* gamma;  // [D]
  const T* mean;   // [N]
  const T* rstd;   // [N]
  T* dx;           // [N, D], overwritten; or null
  T* dgamma;       // [D], accumulates; or null
  T* dbeta;        // [D], accumulates; or null
  std::int64_t n, d;
};

}  // namespace tl::kernels
