// FeedForward: two linear layers with an activation between them.
#pragma once

#include <tl/nn/dropout.hpp>
#include <tl/nn/linear.hpp>
#include <tl/ops/bias_activation.hpp>

namespace tl::nn {

/// An activation as a line of the module tree.
struct ActivationLine {
  Activation activation;

  std::string describe() const {
    switch (activation) {
      case Activation::gelu: return "GELUActivation()";
      case Activation::gelu_tanh: return "NewGELUActivation()";
      case Activation::relu: return "ReLU()";
      case Activation::tanh: return "Tanh()";
      case Activation::silu: return "SiLUActivation()";
      case Activation::quick_gelu: return "QuickGELUActivation()";
      case Activation::gelu_10: return "ClippedGELUActivation()";
      case Activation::laplace: return "LaplaceActivation()";
      case Activation::linear: return "LinearActivation()";
      case Activation::mish: return "MishActivation()";
      case Activation::relu2: return "ReLUSquaredActivation()";
      case Activation::relu6: return "ReLU6()";
      case Activation::sigmoid: return "Sigmoid()";
      case Activation::leaky_relu: return "LeakyReLU(negative_slope=0.01)";
      case Activation::hardswish: return "Hardswish()";
      case Activation::sqrtsoftplus: return "SqrtSoftplusActivation()";
    }
    return "Activation()";
  }

  template <class Visit> void members(Visit&) {}
};

/// down(activation(up(x))), [N, D] -> [N, D].
template <Real T> struct FeedForward {
  Dropout dropout;
  Linear<T> up, down;  // [F, D] and [D, F]
  ActivationLine activation;

  FeedForward(std::int64_t width, std::int64_t hidden, Activation activation_, Dropout dropout_)
      : dropout(dropout_), up(width, hidden), down(hidden, width), activation{activation_} {}

  /// down(activation(up(x))) without the bias of `down` and without dropout, which the caller fuses with the residual
  /// and layer norm: x [N, D] -> [N, D].
  Variable<T> project(const Variable<T>& x, const ForwardContext& context) const {
    const Variable<T> hidden = ops::bias_activation(up.project(x, context), *up.bias, activation.activation,
                                                    context.precision);  // [N, F]
    return down.project(hidden, context);
  }
};

}  // namespace tl::nn
