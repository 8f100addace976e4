// LayerNorm: layer normalisation with trainable scale and shift.
#pragma once

#include <string>

#include <tl/nn/module.hpp>
#include <tl/ops/layer_norm.hpp>

namespace tl::nn {

/// Normalisation of each row, with a weight and a bias [D].
template <Real T> struct LayerNorm {
  Parameter<T> weight;  // [D], gamma
  Parameter<T> bias;    // [D], beta
  double eps;

  explicit LayerNorm(std::int64_t width, double eps_ = 1e-5)
      : weight({width}, Initialization::ones, WeightDecay::off),
        bias({width}, Initialization::zeros, WeightDecay::off),
        eps(eps_) {}

  /// x [N, D] -> [N, D].
  Variable<T> operator()(const Variable<T>& x) const { return ops::layer_norm(x, *weight, *bias, eps); }

  std::string describe() const {
    return str_cat("LayerNorm((", weight.shape()[0], ",), eps=", eps, ", elementwise_affine=True)");
  }

  template <class Visit> void members(Visit& visit) {
    visit("weight", weight);
    visit("bias", bias);
  }
};

}  // namespace tl::nn
