// bias_activation and the plain activations built from it.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/kernels/bias_activation.hpp>
#include <tl/kernels/cpu/bias_activation.hpp>
#include <tl/ops/operand.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = f(x + bias) for x [N, F] and bias [F] (may be undefined). Throws Error(shape) if the shapes do not fit.
template <Real T>
Variable<T> bias_activation(const Variable<T>& x, const Variable<T>& bias, Activation activation,
                            Precision precision = Precision::f32) {
  check_same_device("bias_activation", {{"x", x}, {"bias", bias}});
  check(x.shape().rank() == 2 && (!bias.defined() || bias.shape() == Shape{x.size(1)}), ErrorCode::shape,
        "bias_activation: expected x [N, F] and bias [F], got ", x.value(), " and ", bias.value());
  const std::int64_t n = x.size(0), f = x.size(1);
  const DType format = result_format<T>(x.device(), precision);
  const Tensor<T> given = tl::detail::in_format(x.value(), format);
  Tensor<T> y = Tensor<T>::empty({n, f}, x.device(), format);  // [N, F]
  Operand<T> argument(given, precision);
  kernels::run(x.device(), kernels::BiasActivationForward<T>{.x = given.stored(),
                                                             .bias = bias.defined() ? bias.value().data() : nullptr,
                                                             .y = y.stored(),
                                                             .n = n,
                                                             .f = f,
                                                             .activation = activation,
                                                             .precision = precision,
                                                             .argument_saved = argument.bf16_out()});
  return Variable<T>::record(
      y, {x, bias},
      [=, bv = SavedValue(bias.value()), gx = x.gradient(), gb = bias.gradient()](const Tensor<T>& arrived) {
        const Tensor<T> dy = tl::detail::in_format(arrived, format);
        Tensor<T> dx = Tensor<T>::empty({n, f}, dy.device(), format);  // [N, F]
        kernels::run(dy.device(), kernels::BiasActivationBackward<T>{.dy = dy.stored(),
                                                                     .x = argument.stored(),
                                                                     .bias = bv.data(),
                                                                     .dx = dx.stored(),
                                                                     .dbias = gb.accumulator_data(),
                                                                     .n = n,
                                                                     .f = f,
                                                                     .activation = activation,
                                                                     .precision = precision});
        gx.add(dx);
      });
}

/// max(0, x), for x [N, F].
template <Real T> Variable<T> relu(const Variable<T>& x) { return bias_activation(x, {}, Activation::relu); }

/// x Phi(x) with the exact error function, for x [N, F].
template <Real T> Variable<T> gelu(const Variable<T>& x) { return bias_activation(x, {}, Activation::gelu); }

/// tanh(x), for x [N, F].
template <Real T> Variable<T> tanh(const Variable<T>& x) { return bias_activation(x, {}, Activation::tanh); }

}  // namespace tl::ops
