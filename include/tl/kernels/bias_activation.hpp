// Contract of bias_activation: y = f(x + bias) and its backward pass, with f an activation.
// y and dx are overwritten; dbias accumulates. The pre-activation is recomputed from x and bias in the backward pass,
// unless it was saved in bf16: that is then x, without a bias.
// In bf16, x + bias, y and dx are rounded to bfloat16. GELU: Hendrycks, Gimpel 2016, arXiv:1606.08415.
#pragma once

#include <cstdint>

#include <tl/core/activation.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct BiasActivationForward {
  static constexpr const char* name = "bias_activation_forward";

  Stored<const T> x;  // [N, F]
  const T* bias;      // [F], or null
  Stored<T> y;        // [N, F]
  std::int64_t n, f;
  Activation activation;
  Precision precision = Precision::f32;
  bfloat16* argument_saved = nullptr;  // [N, F], in bf16: x + bias for the backward pass; or null
};

template <class T> struct BiasActivationBackward {
  static constexpr const char* name = "bias_activation_backward";

  Stored<const T> dy;  // [N, F]
  Stored<const T> x;   // [N, F], or x + bias as it was saved
  const T* bias;       // [F]; or null, of a saved x + bias always
  Stored<T> dx;        // [N, F], overwritten; may be dy itself
  T* dbias;            // [F], accumulates; or null
  std::int64_t n, f;
  Activation activation;
  Precision precision = Precision::f32;
};

}  // namespace tl::kernels
