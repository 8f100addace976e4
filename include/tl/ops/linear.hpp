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
  Tensor<T> y = Tensor<T>::empty({n, out}, x.device());  // [N, O]
  Operand<T> saved_x(x.value(), options.precision);
  using Product = PackedWeightCache::Product;
  kernels::run(x.device(), kernels::LinearForward<T>{.x = x.value().data(),
                                                     .weight = weight.value().data(),
                                                     .bias = bias.defined() ? bias.value().data() : nullptr,
                                                     .y = y.data(),
                                                     .n = n,
                                                     .in = in,
                                                     .out = out,
                                                     .precision = options.precision,
                                                     .x_saved = saved_x.bf16_out(),
                                                     .packed = detail::packed_weight(
                                                         options, weight.is_leaf(), weight.value(), Product::forward)});
  return Variable<T>::record(
      y, {x, weight, bias},
      [=, is_leaf = weight.is_leaf(), wv = SavedValue(weight.value()), gx = x.gradient(), gw = weight.gradient(),
       gb = bias.gradient()](const Tensor<T>& dy) {
        if (gw || gb) {
          auto dweight = gw.write_or_add();
          kernels::run(dy.device(), kernels::LinearBackwardWeight<T>{.dy = dy.data(),
                                                                     .x = saved_x.data(),
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
        auto dx = adds ? gx.write_or_add() : typename Gradient<T>::Target{gx.new_tensor(), false};  // [N, I]
        kernels::run(dy.device(),
                     kernels::LinearBackwardInput<T>{
                         .dy = dy.data(),
                         .weight = wv.data(),
                         .dx = dx.grad.data(),
                         .n = n,
                         .in = in,
                         .out = out,
                         .precision = options.precision,
                         .packed = detail::packed_weight(options, is_leaf, wv.value(), Product::backward_input),
                         .accumulate = dx.add});
        if (!adds) gx.add(dx.grad);
      });
}

}  // namespace tl::ops
