// Linear: y = x W^T + b with a trainable weight and bias.
#pragma once

#include <string>

#include <tl/nn/context.hpp>
#include <tl/nn/module.hpp>
#include <tl/ops/linear.hpp>

namespace tl::nn {

namespace detail {
inline std::string describe_linear(std::int64_t in, std::int64_t out, bool bias) {
  return str_cat("Linear(in_features=", in, ", out_features=", out, ", bias=", bias ? "True" : "False", ")");
}

/// What a linear layer takes from the context of its pass.
inline ops::LinearOptions linear_options(const ForwardContext& context) {
  return {.precision = context.precision, .packed_weights = context.packed_weights};
}
}  // namespace detail

/// x W^T + b with W [out, in] and b [out].
template <Real T> struct Linear {
  Parameter<T> weight;  // [O, I]
  Parameter<T> bias;    // [O]

  Linear(std::int64_t in_features, std::int64_t out_features)
      : weight({out_features, in_features}, Initialization::normal, WeightDecay::on),
        bias({out_features}, Initialization::zeros, WeightDecay::off) {}

  /// x [N, I] -> [N, O].
  Variable<T> operator()(const Variable<T>& x, const ForwardContext& context = {}) const {
    return ops::linear(x, *weight, *bias, detail::linear_options(context));
  }

  /// x W^T without the bias, for a following operation that adds it.
  Variable<T> project(const Variable<T>& x, const ForwardContext& context = {}) const {
    return ops::linear(x, *weight, {}, detail::linear_options(context));
  }

  std::string describe() const { return detail::describe_linear(weight.shape()[1], weight.shape()[0], true); }

  template <class Visit> void members(Visit& visit) {
    visit("weight", weight);
    visit("bias", bias);
  }
};

/// Rows [begin, end) of a fused weight and bias, listed as the linear layer they are in files.
template <Real T> struct LinearPart {
  Parameter<T>& weight;
  Parameter<T>& bias;
  std::int64_t begin, end;

  std::string describe() const { return detail::describe_linear(weight.shape()[1], end - begin, true); }

  template <class Visit> void members(Visit& visit) {
    visit("weight", weight, begin, end);
    visit("bias", bias, begin, end);
  }
};

}  // namespace tl::nn
