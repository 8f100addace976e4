// The functions that an activation layer can have, and their names in config.json.
#pragma once

#include <string_view>

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

}  // namespace tl
