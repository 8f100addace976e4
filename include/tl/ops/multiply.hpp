// multiply, element by element: by another variable, or by one number.
#pragma once

#include <type_traits>

#include <tl/autograd/saved_value.hpp>
#include <tl/cpu/add.hpp>
#include <tl/cpu/multiply.hpp>
#include <tl/kernels/add.hpp>
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
      y, {a, b},
      [=, av = SavedValue(a.value()), bv = SavedValue(b.value()), ga = a.gradient(),
       gb = b.gradient()](const Tensor<T>& dy) {
        if (ga) kernels::multiply<T>(dy.device(), {dy.data(), bv.data(), ga.accumulator_data(), n, true});
        if (gb) kernels::multiply<T>(dy.device(), {dy.data(), av.data(), gb.accumulator_data(), n, true});
      });
}

/// y = factor * x. The kernel is that of add, y = 0 + factor * x, because a number is its alpha.
template <Real T> Variable<T> multiply(const Variable<T>& x, std::type_identity_t<T> factor) {
  Tensor<T> y = Tensor<T>::zeros(x.shape(), x.device());
  const std::int64_t n = y.elements();
  kernels::add<T>(x.device(), {y.data(), x.value().data(), y.data(), n, factor});
  return Variable<T>::record(y, {x}, [=, gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = gx.accumulator();
    kernels::add<T>(dy.device(), {dx.data(), dy.data(), dx.data(), n, factor});
  });
}

}  // namespace tl::ops

namespace tl {

template <Real T> Variable<T> operator*(const Variable<T>& a, const Variable<T>& b) { return ops::multiply(a, b); }
// The number is not deduced, so that x * 2 is right for every type of x.
template <Real T> Variable<T> operator*(const Variable<T>& x, std::type_identity_t<T> factor) {
  return ops::multiply(x, factor);
}
template <Real T> Variable<T> operator*(std::type_identity_t<T> factor, const Variable<T>& x) {
  return ops::multiply(x, factor);
}
template <Real T> Variable<T> operator-(const Variable<T>& x) { return ops::multiply(x, T(-1)); }

}  // namespace tl
