// linear: y = x W^T + b.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/cpu/linear.hpp>
#include <tl/kernels/linear.hpp>
#include <tl/ops/kept_weights.hpp>
#include <tl/ops/saved.hpp>

namespace tl::ops {

/// y = x W^T + b for x [N, I], weight [O, I] and bias [O] (may be undefined): y [N, O].
/// Throws Error(shape) if the shapes do not fit.
template <Real T>
Variable<T> linear(const Variable<T>& x, const Variable<T>& weight, const Variable<T>& bias = {},
                   Precision precision = Precision::f32) {
  check(x.shape().rank() == 2 && weight.shape().rank() == 2 && x.size(1) == weight.size(1), ErrorCode::shape,
        "linear: expected x [N, I] and weight [O, I] with the same I, got ", x.value(), " and ", weight.value());
  check(!bias.defined() || bias.shape() == Shape{weight.size(0)}, ErrorCode::shape, "linear: expected bias [",
        weight.size(0), "], got ", bias.value());
  const std::int64_t n = x.size(0), in = x.size(1), out = weight.size(0);
  Tensor<T> y = Tensor<T>::empty({n, out}, x.device());  // [N, O]
  SavedTensor<T> saved_x(x.value(), precision);
  const auto kept = [=, leaf = weight.is_leaf(), wv = weight.value()](KeptWeights::Product product) {
    return leaf ? KeptWeights::find(wv, precision, product) : nullptr;
  };
  kernels::linear_forward<T>(
      x.device(), {x.value().data(), weight.value().data(), bias.defined() ? bias.value().data() : nullptr, y.data(), n,
                   in, out, precision, saved_x.room(), kept(KeptWeights::Product::forward)});
  return Variable<T>::record(
      y, {x, weight, bias},
      [=, wv = SavedValue(weight.value()), gx = x.gradient(), gw = weight.gradient(),
       gb = bias.gradient()](const Tensor<T>& dy) {
        if (gw || gb) {
          auto dweight = gw ? gw.target() : typename Gradient<T>::Target{};
          kernels::linear_backward_weight<T>(dy.device(), {dy.data(), saved_x.data(), dweight.grad.data_or_null(),
                                                           gb.accumulator_data(), n, in, out, precision, !dweight.add});
        }
        if (gx) {
          Tensor<T> dx = Tensor<T>::empty({n, in}, dy.device());  // [N, I]
          kernels::linear_backward_input<T>(dy.device(), {dy.data(), wv.data(), dx.data(), n, in, out, precision,
                                                          kept(KeptWeights::Product::backward_input)});
          gx.add(dx);
        }
      });
}

}  // namespace tl::ops
