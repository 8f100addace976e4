// add and subtract, element by element.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/kernels/add.hpp>
#include <tl/kernels/cpu/add.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = a + alpha * b for two variables of the same shape. Throws Error(shape) if the shapes differ.
template <Real T> Variable<T> add(const Variable<T>& a, const Variable<T>& b, T alpha = T(1)) {
  check_same_device("add", {{"a", a}, {"b", b}});
  check(a.shape() == b.shape(), ErrorCode::shape, "add: expected two variables of the same shape, got ", a.value(),
        " and ", b.value());
  Tensor<T> y = Tensor<T>::empty(a.shape(), a.device());
  kernels::run(
      a.device(),
      kernels::Add<T>{
          .a = a.own_value().data(), .b = b.own_value().data(), .y = y.data(), .n = y.elements(), .alpha = alpha});
  return Variable<T>::record(y, {a, b}, [=, ga = a.gradient(), gb = b.gradient()](const Tensor<T>& dy) {
    ga.add(dy);
    if (gb) {
      Tensor<T> db = gb.accumulator();
      kernels::run(dy.device(),
                   kernels::Add<T>{.a = db.data(), .b = dy.data(), .y = db.data(), .n = dy.elements(), .alpha = alpha});
    }
  });
}

/// y = a - b for two variables of the same shape.
template <Real T> Variable<T> subtract(const Variable<T>& a, const Variable<T>& b) { return add(a, b, T(-1)); }

}  // namespace tl::ops

namespace tl {

/// Elementwise, of the same shape.
template <Real T> Variable<T> operator+(const Variable<T>& a, const Variable<T>& b) { return ops::add(a, b); }
/// Elementwise, of the same shape.
template <Real T> Variable<T> operator-(const Variable<T>& a, const Variable<T>& b) { return ops::subtract(a, b); }

}  // namespace tl
