// Contract of bias_activation: y = f(x + bias) and its backward pass, with f one of the activations below.
// y and dx are overwritten; dbias accumulates. The pre-activation is recomputed from x and bias in the backward pass,
// unless it was saved in bf16.
// In bf16, x + bias, y and dx are rounded to bfloat16. GELU: Hendrycks, Gimpel 2016, arXiv:1606.08415.
#pragma once

#include <cstdint>
#include <string_view>

#include <tl/kernels/saved.hpp>
#include <tl/kernels/slot.hpp>

namespace tl {

/// gelu is exact, x Phi(x) with the error function; gelu_tanh is the approximation with tanh ("gelu_new"), quick_gelu
/// the one with the logistic function; gelu_10 is gelu cut at 10. From `silu` on: computed value by value, which is
/// slower.
enum class Activation {
  gelu,
  gelu_tanh,
  relu,
  tanh,
  silu,
  quick_gelu,
  gelu_10,
  laplace,
  linear,
  mish,
  relu2,
  relu6,
  sigmoid,
  leaky_relu,
  hardswish,
  sqrtsoftplus,
};

/// An activation under the name that config.json has for it.
struct NamedActivation {
  std::string_view name;
  Activation activation;
};

/// The reference's names, but for "prelu" and "xielu", which have parameters of their own.
inline constexpr NamedActivation named_activations[] = {
    {"gelu", Activation::gelu},
    {"gelu_python", Activation::gelu},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_python_tanh", Activation::gelu_tanh},
    {"gelu_accurate", Activation::gelu_tanh},
    {"gelu_10", Activation::gelu_10},
    {"quick_gelu", Activation::quick_gelu},
    {"relu", Activation::relu},
    {"relu2", Activation::relu2},
    {"relu6", Activation::relu6},
    {"leaky_relu", Activation::leaky_relu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"hardswish", Activation::hardswish},
    {"mish", Activation::mish},
    {"sigmoid", Activation::sigmoid},
    {"tanh", Activation::tanh},
    {"laplace", Activation::laplace},
    {"sqrtsoftplus", Activation::sqrtsoftplus},
    {"linear", Activation::linear},
};

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
