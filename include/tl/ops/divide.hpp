// divide, element by element.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/divide.hpp>
#include <tl/kernels/divide.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = a / b, element by element, for two variables of the same shape. Throws Error(shape) if the shapes differ.
template <Real T> Variable<T> divide(const Variable<T>& a, const Variable<T>& b) {
  check_same_device("divide", {{"a", a}, {"b", b}});
  check(a.shape() == b.shape(), ErrorCode::shape, "divide: expected two variables of the same shape, got ", a.value(),
        " and ", b.value());
  Tensor<T> y = Tensor<T>::empty(a.shape(), a.device());
  const std::int64_t n = y.elements();
  kernels::run(a.device(),
               kernels::DivideForward<T>{.a = a.own_value().data(), .b = b.own_value().data(), .y = y.data(), .n = n});
  const auto backward = [=, bv = SavedValue(b.own_value()), yv = SavedValue(y), ga = a.gradient(),
                         gb = b.gradient()](const Tensor<T>& dy) {
    Tensor<T> da = ga.new_tensor(), db = gb.new_tensor();
    kernels::run(dy.device(), kernels::DivideBackward<T>{.dy = dy.data(),
                                                         .b = bv.data(),
                                                         .y = yv.data(),
                                                         .da = da.defined() ? da.data() : nullptr,
                                                         .db = db.defined() ? db.data() : nullptr,
                                                         .n = n});
    if (ga) ga.add(da);
    if (gb) gb.add(db);
  };
  return Variable<T>::record(y, {a, b}, backward);
}

}  // namespace tl::ops

namespace tl {

/// Elementwise, of the same shape.
template <Real T> Variable<T> operator/(const Variable<T>& a, const Variable<T>& b) { return ops::divide(a, b); }

}  // namespace tl
