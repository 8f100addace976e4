// bce_with_logits: the loss of several labels that do not exclude each other.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/bce_with_logits.hpp>
#include <tl/kernels/cpu/bce_with_logits.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// Mean over all elements of the binary cross-entropy between sigmoid(logits) and `target`, a tensor of the same shape
/// with values in [0, 1]; a scalar. Throws Error(shape) if the shapes differ or there are no elements.
template <Real T> Variable<T> bce_with_logits(const Variable<T>& logits, const Tensor<T>& target) {
  check_same_device("bce_with_logits", {{"logits", logits}, {"target", target}});
  check(logits.shape() == target.shape() && target.elements() > 0, ErrorCode::shape,
        "bce_with_logits: expected logits and a target of the same shape with elements, got ", logits.value(), " and ",
        target);
  const std::int64_t n = target.elements();
  Tensor<T> loss = Tensor<T>::empty(Shape{}, logits.device());
  kernels::run(logits.device(),
               kernels::BceWithLogitsForward<T>{
                   .logits = logits.value().data(), .target = target.data(), .loss = loss.data(), .n = n});
  const auto backward = [=, xv = SavedValue(logits.value()), tv = SavedValue(target),
                         g = logits.gradient()](const Tensor<T>& dloss) {
    Tensor<T> dlogits = g.new_tensor();
    kernels::run(
        dloss.device(),
        kernels::BceWithLogitsBackward<T>{
            .dloss = dloss.data(), .logits = xv.data(), .target = tv.data(), .dlogits = dlogits.data(), .n = n});
    g.add(dlogits);
  };
  return Variable<T>::record(loss, {logits}, backward);
}

}  // namespace tl::ops
