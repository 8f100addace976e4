// bce_with_logits: the loss of several labels that do not exclude each other.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/core/finite.hpp>
#include <tl/kernels/bce_with_logits.hpp>
#include <tl/kernels/cpu/bce_with_logits.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// Mean over all elements of the binary cross-entropy between sigmoid(logits) and `target`, a tensor of the same shape
/// with values in [0, 1]; a scalar. With pos_weight [C], what a target of 1 contributes to class c of [B, C] is
/// multiplied by pos_weight[c]. Throws Error(shape) if the shapes differ or there are no elements,
/// Error(invalid_argument) for a pos_weight that is negative or not finite.
template <Real T>
Variable<T> bce_with_logits(const Variable<T>& logits, const Tensor<T>& target, const Tensor<T>& pos_weight = {}) {
  check_same_device("bce_with_logits", {{"logits", logits}, {"target", target}, {"pos_weight", pos_weight}});
  check(logits.shape() == target.shape() && target.elements() > 0, ErrorCode::shape,
        "bce_with_logits: expected logits and a target of the same shape with elements, got ", logits.value(), " and ",
        target);
  const std::int64_t n = target.elements(), c = pos_weight.defined() ? pos_weight.elements() : 1;
  if (pos_weight.defined()) {
    check(pos_weight.rank() == 1 && target.rank() > 0 && c == target.size(target.rank() - 1), ErrorCode::shape,
          "bce_with_logits: expected a pos_weight [C] for logits [B, C], got ", pos_weight, " and ", logits.value());
    if (pos_weight.device().type == DeviceType::cpu)
      for (const T weight : pos_weight.span())
        check(weight >= T(0) && tl::detail::is_finite(weight), ErrorCode::invalid_argument,
              "bce_with_logits: expected a finite pos_weight of at least 0, got ", weight);
  }
  const T* const weights = pos_weight.defined() ? pos_weight.data() : nullptr;
  Tensor<T> loss = Tensor<T>::empty(Shape{}, logits.device());
  kernels::run(logits.device(), kernels::BceWithLogitsForward<T>{.logits = logits.own_value().data(),
                                                                 .target = target.data(),
                                                                 .loss = loss.data(),
                                                                 .n = n,
                                                                 .pos_weight = weights,
                                                                 .c = c});
  // The copy keeps the memory of `weights`.
  const auto backward = [=, kept = pos_weight, xv = SavedValue(logits.own_value()), tv = SavedValue(target),
                         g = logits.gradient()](const Tensor<T>& dloss) {
    Tensor<T> dlogits = g.new_tensor();
    kernels::run(dloss.device(), kernels::BceWithLogitsBackward<T>{.dloss = dloss.data(),
                                                                   .logits = xv.data(),
                                                                   .target = tv.data(),
                                                                   .dlogits = dlogits.data(),
                                                                   .n = n,
                                                                   .pos_weight = weights,
                                                                   .c = c});
    g.add(dlogits);
  };
  return Variable<T>::record(loss, {logits}, backward);
}

}  // namespace tl::ops
