// Contract of the end of an encoder half-block: y = layer_norm(dropout(x + bias) + residual).
// y, y_rounded, xhat, rstd, dx and dresidual are overwritten; dbias, dgamma and dbeta accumulate. In bf16, x + bias and
// its dropout are rounded to bfloat16 and the sum with the residual is float; dx is rounded to bfloat16.
#pragma once

#include <cstdint>

#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct BiasDropoutResidualLayerNormForward {
  static constexpr const char* name = "bias_dropout_residual_layer_norm_forward";

  Stored<const T> x;  // [N, D]
  const T* bias;      // [D]
  const T* residual;  // [N, D]
  const T* gamma;     // [D]
  const T* beta;      // [D]
  T* y;               // [N, D]
  T* xhat;            // [N, D], normalised sum, saved; or null
  T* rstd;            // [N], saved; or null
  std::int64_t n, d;
  double eps;
  DropoutMask dropout;
  Precision precision = Precision::f32;
  Stored<T> y_rounded{};  // [N, D], y in the format of the precision, for products with it; or null
};

template <class T> struct BiasDropoutResidualLayerNormBackward {
  static constexpr const char* name = "bias_dropout_residual_layer_norm_backward";

  const T* dy;     // [N, D]
  const T* xhat;   // [N, D]
  const T* rstd;   // [N]
  const T* gamma;  // [D]
  Stored<T> dx;    // [N, D], overwritten
  T* dresidual;    // [N, D], overwritten; in f32 without dropout it may be dx itself; or null
  T* dbias;        // [D], accumulates; or null
  T* dgamma;       // [D], accumulates; or null
  T* dbeta;        // [D], accumulates; or null
  std::int64_t n, d;
  DropoutMask dropout;
  Precision precision = Precision::f32;
};

}  // namespace tl::kernels
