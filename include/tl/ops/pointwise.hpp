// exp, log and sigmoid, element by element.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/pointwise.hpp>
#include <tl/kernels/pointwise.hpp>

namespace tl::ops {

namespace detail {

template <Real T> Variable<T> pointwise(const Variable<T>& x, kernels::Pointwise function) {
  Tensor<T> y = Tensor<T>::empty(x.shape(), x.device());
  const std::int64_t n = y.elements();
  kernels::run(x.device(),
               kernels::PointwiseForward<T>{.x = x.own_value().data(), .y = y.data(), .n = n, .function = function});
  const Tensor<T> kept = function == kernels::Pointwise::log ? x.own_value() : y;
  return Variable<T>::record(y, {x}, [=, saved = SavedValue(kept), gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = Tensor<T>::empty(dy.shape(), dy.device());
    kernels::run(dy.device(),
                 kernels::PointwiseBackward<T>{
                     .dy = dy.data(), .saved = saved.data(), .dx = dx.data(), .n = n, .function = function});
    gx.add(dx);
  });
}

}  // namespace detail

/// y = e^x, element by element.
template <Real T> Variable<T> exp(const Variable<T>& x) { return detail::pointwise(x, kernels::Pointwise::exp); }

/// y = the natural logarithm of x, element by element: -infinity for 0, NaN for numbers below 0.
template <Real T> Variable<T> log(const Variable<T>& x) { return detail::pointwise(x, kernels::Pointwise::log); }

/// y = 1 / (1 + e^-x), element by element.
template <Real T> Variable<T> sigmoid(const Variable<T>& x) {
  return detail::pointwise(x, kernels::Pointwise::sigmoid);
}

}  // namespace tl::ops
