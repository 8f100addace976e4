// mse_loss: the loss of a regression.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/mse_loss.hpp>
#include <tl/kernels/mse_loss.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// Mean over all elements of (x - target)^2, for two variables of the same shape; a scalar.
/// Throws Error(shape) if the shapes differ or there are no elements.
template <Real T> Variable<T> mse_loss(const Variable<T>& x, const Variable<T>& target) {
  check_same_device("mse_loss", {{"x", x}, {"target", target}});
  check(x.shape() == target.shape() && x.value().elements() > 0, ErrorCode::shape,
        "mse_loss: expected two variables of the same shape with elements, got ", x.value(), " and ", target.value());
  const std::int64_t n = x.value().elements();
  Tensor<T> loss = Tensor<T>::empty(Shape{}, x.device());
  kernels::run(x.device(),
               kernels::MseLossForward<T>{
                   .x = x.own_value().data(), .target = target.own_value().data(), .loss = loss.data(), .n = n});
  const auto backward = [=, xv = SavedValue(x.own_value()), tv = SavedValue(target.own_value()), gx = x.gradient(),
                         gt = target.gradient()](const Tensor<T>& dloss) {
    const auto add = [&](const Gradient<T>& to, const SavedValue<T>& from, const SavedValue<T>& other) {
      Tensor<T> dx = to.new_tensor();
      kernels::run(dloss.device(),
                   kernels::MseLossBackward<T>{
                       .dloss = dloss.data(), .x = from.data(), .target = other.data(), .dx = dx.data(), .n = n});
      to.add(dx);
    };
    if (gx) add(gx, xv, tv);
    if (gt) add(gt, tv, xv);
  };
  return Variable<T>::record(loss, {x, target}, backward);
}

}  // namespace tl::ops
