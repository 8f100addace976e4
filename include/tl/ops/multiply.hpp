// multiply, element by element: by another variable, or by one number.
#pragma once

#include <type_traits>

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/add.hpp>
#include <tl/kernels/cpu/add.hpp>
#include <tl/kernels/cpu/multiply.hpp>
#include <tl/kernels/multiply.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = a * b, element by element, for two variables of the same shape. Throws Error(shape) if the shapes differ.
template <Real T> Variable<T> multiply(const Variable<T>& a, const Variable<T>& b) {
  check_same_device("multiply", {{"a", a}, {"b", b}});
  check(a.shape() == b.shape(), ErrorCode::shape, "multiply: expected two variables of the same shape, got ", a.value(),
        " and ", b.value());
  Tensor<T> y = Tensor<T>::empty(a.shape(), a.device());
  const std::int64_t n = y.elements();
  kernels::run(a.device(),
               kernels::Multiply<T>{.a = a.own_value().data(), .b = b.own_value().data(), .y = y.data(), .n = n});
  const auto backward = [=, av = SavedValue(a.own_value()), bv = SavedValue(b.own_value()), ga = a.gradient(),
                         gb = b.gradient()](const Tensor<T>& dy) {
    const auto accumulate = [&](const SavedValue<T>& other, T* into) {
      kernels::run(dy.device(),
                   kernels::Multiply<T>{.a = dy.data(), .b = other.data(), .y = into, .n = n, .accumulate = true});
    };
    if (ga) accumulate(bv, ga.accumulator_data());
    if (gb) accumulate(av, gb.accumulator_data());
  };
  return Variable<T>::record(y, {a, b}, backward);
}

/// y = factor * x. The kernel is that of add, y = 0 + factor * x, because a number is its alpha.
template <Real T> Variable<T> multiply(const Variable<T>& x, std::type_identity_t<T> factor) {
  Tensor<T> y = Tensor<T>::zeros(x.shape(), x.device());
  const std::int64_t n = y.elements();
  kernels::run(x.device(),
               kernels::Add<T>{.a = y.data(), .b = x.own_value().data(), .y = y.data(), .n = n, .alpha = factor});
  return Variable<T>::record(y, {x}, [=, gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = gx.accumulator();
    kernels::run(dy.device(), kernels::Add<T>{.a = dx.data(), .b = dy.data(), .y = dx.data(), .n = n, .alpha = factor});
  });
}

}  // namespace tl::ops

namespace tl {

/// Elementwise, of the same shape.
template <Real T> Variable<T> operator*(const Variable<T>& a, const Variable<T>& b) { return ops::multiply(a, b); }
// The number is not deduced, so that x * 2 is right for every type of x.
/// Every element times a number.
template <Real T> Variable<T> operator*(const Variable<T>& x, std::type_identity_t<T> factor) {
  return ops::multiply(x, factor);
}
/// Every element times a number.
template <Real T> Variable<T> operator*(std::type_identity_t<T> factor, const Variable<T>& x) {
  return ops::multiply(x, factor);
}
/// Every element times -1.
template <Real T> Variable<T> operator-(const Variable<T>& x) { return ops::multiply(x, T(-1)); }

}  // namespace tl
