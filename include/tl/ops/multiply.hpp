// multiply, element by element.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/cpu/multiply.hpp>
#include <tl/kernels/multiply.hpp>

namespace tl::ops {

/// y = a * b, element by element, for two variables of the same shape. Throws Error(shape) if the shapes differ.
template <Real T> Variable<T> multiply(const Variable<T>& a, const Variable<T>& b) {
  check(a.shape() == b.shape(), ErrorCode::shape, "multiply: expected two variables of the same shape, got ", a.value(),
        " and ", b.value());
  Tensor<T> y = Tensor<T>::empty(a.shape(), a.device());
  const std::int64_t n = y.elements();
  kernels::multiply<T>(a.device(), {a.value().data(), b.value().data(), y.data(), n});
  return Variable<T>::record(
      y, {a, b}, [=, av = a.value(), bv = b.value(), ga = a.gradient(), gb = b.gradient()](const Tensor<T>& dy) {
        if (ga) kernels::multiply<T>(dy.device(), {dy.data(), bv.data(), ga.accumulator().data(), n, true});
        if (gb) kernels::multiply<T>(dy.device(), {dy.data(), av.data(), gb.accumulator().data(), n, true});
      });
}

}  // namespace tl::ops

namespace tl {

template <Real T> Variable<T> operator*(const Variable<T>& a, const Variable<T>& b) { return ops::multiply(a, b); }

}  // namespace tl
