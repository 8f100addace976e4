// linear: y = x W^T + b.
#pragma once

#include <memory>
#include <type_traits>

#include <tl/autograd/variable.hpp>
#include <tl/kernels/cpu/linear.hpp>
#include <tl/kernels/linear.hpp>
#include <tl/ops/operand.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// How a matrix product is computed.
struct LinearOptions {
  Precision precision = Precision::f32;
  std::shared_ptr<PackedWeightCache>
      packed_weights{};  ///< used in bf16 on the CPU, for a weight that is a leaf; or null
};

namespace detail {

/// Where `cache` has `weight` for that product; null if it is not to be stored.
template <Real T>
kernels::PackedWeight* packed_weight(const LinearOptions& options, bool is_leaf, const Tensor<T>& weight,
                                     PackedWeightCache::Product product) {
  if constexpr (std::is_same_v<T, float>) {
    const bool on_cpu = weight.device().type == DeviceType::cpu;
    if (options.packed_weights && on_cpu && is_leaf && options.precision == Precision::bf16)
      return &options.packed_weights->entry(weight, product);
  }
  return nullptr;
}

}  // namespace detail

/// y = x W^T + b for x [N, I], weight [O, I] and bias [O] (may be undefined): y [N, O].
/// Throws Error(shape) if the shapes do not fit.
template <Real T>
Variable<T> linear(const Variable<T>& x, const Variable<T>& weight, const Variable<T>& bias = {},
                   const LinearOptions& options = {}) {
  check_same_device("linear", {{"x", x}, {"weight", weight}, {"bias", bias}});
  check(x.shape().rank() == 2 && weight.shape().rank() == 2 && x.size(1) == weight.size(1), ErrorCode::shape,
        "linear: expected x [N, I] and weight [O, I] with the same I, got ", x.value(), " and ", weight.value());
  check(!bias.defined() || bias.shape() == Shape{weight.size(0)}, ErrorCode::shape, "linear: expected bias [",
        weight.size(0), "], got ", bias.value());
  const std::int64_t n = x.size(0), in = x.size(1), out = weight.size(0);
  const DType format = result_format<T>(x.device(), options.precision);
  const Tensor<T> left = operand(x, options.precision), right = operand(weight, options.precision);
  Tensor<T> y = Tensor<T>::empty({n, out}, x.device(), format);  // [N, O]
  Operand<T> saved_x(left, options.precision);
  using Product = PackedWeightCache::Product;
  kernels::run(x.device(), kernels::LinearForward<T>{
                               .x = left.stored(),
                               .weight = right.stored(),
                               .bias = bias.defined() ? bias.value().data() : nullptr,
                               .y = y.stored(),
                               .n = n,
                               .in = in,
                               .out = out,
                               .precision = options.precision,
                               .x_saved = saved_x.bf16_out(),
                               .packed = detail::packed_weight(options, weight.is_leaf(), right, Product::forward)});
  return Variable<T>::record(
      y, {x, weight, bias},
      [=, is_leaf = weight.is_leaf(), saved_weight = SavedValue(right), dx_format = x.value().format(),
       gx = x.gradient(), gw = weight.gradient(), gb = bias.gradient()](const Tensor<T>& arrived) {
        const Tensor<T> dy = tl::detail::in_format(arrived, format);
        if (gw || gb) {
          auto dweight = gw.write_or_add();
          kernels::run(dy.device(), kernels::LinearBackwardWeight<T>{.dy = dy.stored(),
                                                                     .x = saved_x.stored(),
                                                                     .dweight = dweight.grad.data_or_null(),
                                                                     .dbias = gb.accumulator_data(),
                                                                     .n = n,
                                                                     .in = in,
                                                                     .out = out,
                                                                     .precision = options.precision,
                                                                     .overwrite = !dweight.add});
        }
        if (!gx) return;
        // On the CPU gradients are added whole, in that order of sums; elsewhere the product adds itself to the others.
        const bool adds = dy.device().type != DeviceType::cpu;
        auto dx = adds ? gx.write_or_add(dx_format)
                       : typename Gradient<T>::Target{gx.new_tensor(dx_format), false};  // [N, I]
        kernels::run(dy.device(), kernels::LinearBackwardInput<T>{
                                      .dy = dy.stored(),
                                      .weight = saved_weight.stored(),
                                      .dx = dx.grad.stored(),
                                      .n = n,
                                      .in = in,
                                      .out = out,
                                      .precision = options.precision,
                                      .packed = detail::packed_weight(options, is_leaf, saved_weight.value(),
                                                                      Product::backward_input),
                                      .accumulate = dx.add});
        if (!adds) gx.add(dx.grad);
      });
}

}  // namespace tl::ops
