// layer_norm: each row normalised to mean 0 and variance 1, then scaled and shifted.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/layer_norm.hpp>
#include <tl/kernels/layer_norm.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = gamma * (x - mean) / sqrt(variance + eps) + beta per row, for x [N, D], gamma [D], beta [D].
/// Source: arXiv:1607.06450, (4). Throws Error(shape) if the shapes do not fit.
template <Real T>
Variable<T> layer_norm(const Variable<T>& x, const Variable<T>& gamma, const Variable<T>& beta, double eps = 1e-5) {
  check_same_device("layer_norm", {{"x", x}, {"gamma", gamma}, {"beta", beta}});
  check(x.shape().rank() == 2 && gamma.shape() == Shape{x.size(1)} && beta.shape() == gamma.shape(), ErrorCode::shape,
        "layer_norm: expected x [N, D], gamma [D] and beta [D], got ", x.value(), ", ", gamma.value(), " and ",
        beta.value());
  const std::int64_t n = x.size(0), d = x.size(1);
  Tensor<T> y = Tensor<T>::empty({n, d}, x.device());                                            // [N, D]
  Tensor<T> mean = Tensor<T>::empty({n}, x.device()), rstd = Tensor<T>::empty({n}, x.device());  // [N]
  kernels::run(x.device(), kernels::LayerNormForward<T>{.x = x.own_value().data(),
                                                        .gamma = gamma.value().data(),
                                                        .beta = beta.value().data(),
                                                        .y = y.data(),
                                                        .mean = mean.data(),
                                                        .rstd = rstd.data(),
                                                        .n = n,
                                                        .d = d,
                                                        .eps = eps});
  const auto backward = [=, xv = SavedValue(x.own_value()), gammav = SavedValue(gamma.value()), gx = x.gradient(),
                         ggamma = gamma.gradient(), gbeta = beta.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = gx.new_tensor();  // [N, D]
    kernels::run(dy.device(), kernels::LayerNormBackward<T>{.dy = dy.data(),
                                                            .x = xv.data(),
                                                            .gamma = gammav.data(),
                                                            .mean = mean.data(),
                                                            .rstd = rstd.data(),
                                                            .dx = dx.data_or_null(),
                                                            .dgamma = ggamma.accumulator_data(),
                                                            .dbeta = gbeta.accumulator_data(),
                                                            .n = n,
                                                            .d = d});
    gx.add(dx);
  };
  return Variable<T>::record(y, {x, gamma, beta}, backward);
}

}  // namespace tl::ops
