// Contract of bias_activation: y = f(x + bias) and its backward pass, with f one of the activations below.
// y and dx are overwritten; dbias accumulates. The pre-activation is recomputed from x and bias in the backward pass,
// unless it was saved in bf16.
// In bf16, x + bias, y and dx are rounded to bfloat16. GELU: Hendrycks, Gimpel 2016, arXiv:1606.08415.
#pragma once

#include <cstdint>

#include <tl/kernels/saved.hpp>
#include <tl/kernels/slot.hpp>

namespace tl {

/// gelu is exact, x Phi(x) with the error function; gelu_tanh is the approximation with tanh ("gelu_new").
enum class Activation { gelu, gelu_tanh, relu, tanh };

namespace kernels {

template <class T> struct BiasActivationForward {
  const T* x;     // [N, F]
  const T* bias;  // [F], or null
  T* y;           // [N, F]
  std::int64_t n, f;
  Activation activation;
  Precision precision = Precision::f32;
  bfloat16* argument_saved = nullptr;  // [N, F], in bf16: x + bias for the backward pass; or null
};

template <class T> struct BiasActivationBackward {
  const T* dy;    // [N, F]
  Saved<T> x;     // [N, F]; in bfloat16 it is x + bias
  const T* bias;  // [F], or null
  T* dx;          // [N, F], overwritten; may be dy itself
  T* dbias;       // [F], accumulates; or null
  std::int64_t n, f;
  Activation activation;
  Precision precision = Precision::f32;
};

}  // namespace kernels

namespace cpu {
template <class T> void bias_activation_forward(const kernels::BiasActivationForward<T>&);
template <class T> void bias_activation_backward(const kernels::BiasActivationBackward<T>&);
}  // namespace cpu

namespace kernels {
template <class T>
inline constinit Slot<BiasActivationForward<T>> bias_activation_forward{"bias_activation_forward",
                                                                        &cpu::bias_activation_forward<T>};
template <class T>
inline constinit Slot<BiasActivationBackward<T>> bias_activation_backward{"bias_activation_backward",
                                                                          &cpu::bias_activation_backward<T>};
}  // namespace kernels
}  // namespace tl
