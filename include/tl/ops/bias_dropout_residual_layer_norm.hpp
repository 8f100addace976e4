// bias_dropout_residual_layer_norm: the end of an encoder half-block in one operation.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/core/batch.hpp>
#include <tl/kernels/bias_dropout_residual_layer_norm.hpp>
#include <tl/kernels/cpu/bias_dropout_residual_layer_norm.hpp>
#include <tl/ops/operand.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

namespace detail {

template <Real T>
void check_bias_dropout_residual_layer_norm(const Variable<T>& x, const Variable<T>& bias, const Variable<T>& residual,
                                            const Variable<T>& gamma, const Variable<T>& beta,
                                            const kernels::DropoutMask& dropout, const Batch* rows) {
  check_same_device("bias_dropout_residual_layer_norm", {{"x", x},
                                                         {"bias", bias},
                                                         {"residual", residual},
                                                         {"gamma", gamma},
                                                         {"beta", beta},
                                                         {"rows", rows ? rows->sequence_ids : Tensor<std::int32_t>{}}});
  check(x.shape().rank() == 2 && residual.shape() == x.shape() && bias.shape() == Shape{x.size(1)} &&
            gamma.shape() == bias.shape() && beta.shape() == bias.shape(),
        ErrorCode::shape,
        "bias_dropout_residual_layer_norm: expected x and residual [N, D] and bias, gamma, beta [D], got ", x.value(),
        ", ", residual.value(), ", ", bias.value(), ", ", gamma.value(), " and ", beta.value());
  check(dropout.p >= 0.0 && dropout.p <= 1.0, ErrorCode::invalid_argument,
        "bias_dropout_residual_layer_norm: expected a dropout p in [0, 1], got ", dropout.p);
  check(!rows || rows->tokens() == x.size(0), ErrorCode::shape,
        "bias_dropout_residual_layer_norm: expected as many rows as the batch has tokens, ", rows ? rows->tokens() : 0,
        ", got ", x.value());
}

}  // namespace detail

/// y = layer_norm(dropout(x + bias) + residual) for x [N, D], residual [N, D], bias, gamma, beta [D].
/// `rows` is the batch whose tokens are the rows, if the coordinates of `dropout` are its arrays, which are then kept;
/// otherwise the caller keeps them alive until backward(). Throws Error(shape) on a mismatch.
template <Real T>
Variable<T> bias_dropout_residual_layer_norm(const Variable<T>& x, const Variable<T>& bias, const Variable<T>& residual,
                                             const Variable<T>& gamma, const Variable<T>& beta, double eps,
                                             kernels::DropoutMask dropout = {}, Precision precision = Precision::f32,
                                             const Batch* rows = nullptr) {
  detail::check_bias_dropout_residual_layer_norm(x, bias, residual, gamma, beta, dropout, rows);
  const std::int64_t n = x.size(0), d = x.size(1);
  const DType format = result_format<T>(x.device(), precision);
  const Tensor<T> given = tl::detail::in_format(x.value(), format), added = residual.own_value();
  Tensor<T> y = Tensor<T>::empty({n, d}, x.device());       // [N, D]
  Tensor<T> y_rounded = rounded_result(y, precision);       // [N, D]
  Tensor<T> xhat = for_backward<T>(x.shape(), x.device());  // [N, D]
  Tensor<T> rstd = for_backward<T>({n}, x.device());        // [N]
  kernels::run(x.device(), kernels::BiasDropoutResidualLayerNormForward<T>{.x = given.stored(),
                                                                           .bias = bias.value().data(),
                                                                           .residual = added.data(),
                                                                           .gamma = gamma.value().data(),
                                                                           .beta = beta.value().data(),
                                                                           .y = y.data(),
                                                                           .xhat = xhat.data_or_null(),
                                                                           .rstd = rstd.data_or_null(),
                                                                           .n = n,
                                                                           .d = d,
                                                                           .eps = eps,
                                                                           .dropout = dropout,
                                                                           .precision = precision,
                                                                           .y_rounded = y_rounded.stored()});
  SavedValue<std::int32_t> sequences, positions;
  if (rows && dropout.active()) {
    sequences = SavedValue<std::int32_t>(rows->sequence_ids);
    positions = SavedValue<std::int32_t>(rows->positions);
  }
  Variable<T> result = Variable<T>::record(
      y, {x, bias, residual, gamma, beta},
      [=, gammav = SavedValue(gamma.value()), gx = x.gradient(), gbias = bias.gradient(),
       gresidual = residual.gradient(), ggamma = gamma.gradient(), gbeta = beta.gradient()](const Tensor<T>& dy) {
        (void)sequences.data(), (void)positions.data();                // the mask reads them
        Tensor<T> dx = Tensor<T>::empty({n, d}, dy.device(), format);  // [N, D]
        // Without dropout and rounding both gradients are the same numbers.
        const bool same = !dropout.active() && precision == Precision::f32;
        Tensor<T> dresidual = same ? dx : gresidual.new_tensor();  // [N, D]
        kernels::run(dy.device(),
                     kernels::BiasDropoutResidualLayerNormBackward<T>{.dy = dy.data(),
                                                                      .xhat = xhat.data(),
                                                                      .rstd = rstd.data(),
                                                                      .gamma = gammav.data(),
                                                                      .dx = dx.stored(),
                                                                      .dresidual = dresidual.data_or_null(),
                                                                      .dbias = gbias.accumulator_data(),
                                                                      .dgamma = ggamma.accumulator_data(),
                                                                      .dbeta = gbeta.accumulator_data(),
                                                                      .n = n,
                                                                      .d = d,
                                                                      .dropout = dropout,
                                                                      .precision = precision});
        gx.add(dx);
        gresidual.add(dresidual);
      });
  if (y_rounded.defined()) result.keep_rounded(y_rounded);
  return result;
}

}  // namespace tl::ops
