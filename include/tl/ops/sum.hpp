// sum and mean over all elements.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/kernels/cpu/sum.hpp>
#include <tl/kernels/sum.hpp>

namespace tl::ops {

/// scale times the sum of all elements, as a scalar.
template <Real T> Variable<T> sum(const Variable<T>& x, T scale = T(1)) {
  Tensor<T> y = Tensor<T>::empty(Shape{}, x.device());
  const Shape shape = x.shape();
  kernels::run(x.device(), kernels::SumForward<T>{
                               .x = x.own_value().data(), .y = y.data(), .n = x.value().elements(), .scale = scale});
  return Variable<T>::record(y, {x}, [=, gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = Tensor<T>::empty(shape, dy.device());
    kernels::run(dy.device(),
                 kernels::SumBackward<T>{.dy = dy.data(), .dx = dx.data(), .n = dx.elements(), .scale = scale});
    gx.add(dx);
  });
}

/// The mean of all elements, as a scalar. Throws Error(shape) for a variable without elements.
template <Real T> Variable<T> mean(const Variable<T>& x) {
  check(x.value().elements() > 0, ErrorCode::shape, "mean: expected at least one element, got ", x.value());
  return sum(x, T(1) / static_cast<T>(x.value().elements()));
}

}  // namespace tl::ops
