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

template <Real T> struct FeedForward {
  static constexpr std::string_view type_name = "FFN";

  Dropout dropout;
  Linear<T> lin1, lin2;
  ActivationLine activation;

  FeedForward(std::int64_t width, std::int64_t hidden, Activation activation_, Dropout dropout_)
      : dropout(dropout_), lin1(width, hidden), lin2(hidden, width), activation{activation_} {}

  /// lin2(activation(lin1(x))) without lin2's bias and without dropout, which the caller fuses with the residual and
  /// layer norm: x [N, D] -> [N, D].
  Variable<T> without_last_bias(const Variable<T>& x, const ForwardContext& context) const {
    const Variable<T> hidden = ops::bias_activation(lin1.without_bias(x, context), *lin1.bias, activation.activation,
                                                    context.precision);  // [N, F]
    return lin2.without_bias(hidden, context);
  }

  template <class Visit> void members(Visit& visit) {
    visit("dropout", dropout);
    visit("lin1", lin1);
    visit("lin2", lin2);
    visit("activation", activation);
  }
};

}  // namespace tl::nn
