// softmax and log_softmax over the last dimension.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/softmax.hpp>
#include <tl/kernels/softmax.hpp>

namespace tl::ops {

namespace detail {

template <Real T> Variable<T> softmax(const Variable<T>& x, bool logarithm) {
  const int rank = x.shape().rank();
  check(rank >= 1 && x.size(rank - 1) > 0, ErrorCode::shape, logarithm ? "log_softmax" : "softmax",
        ": expected at least one dimension, and elements in the last one, got ", x.value());
  const std::int64_t c = x.size(rank - 1), n = x.value().elements() / c;
  Tensor<T> y = Tensor<T>::empty(x.shape(), x.device());
  kernels::run(x.device(), kernels::SoftmaxForward<T>{
                               .x = x.own_value().data(), .y = y.data(), .n = n, .c = c, .logarithm = logarithm});
  return Variable<T>::record(y, {x}, [=, saved = SavedValue(y), gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = Tensor<T>::empty(dy.shape(), dy.device());
    kernels::run(dy.device(),
                 kernels::SoftmaxBackward<T>{
                     .dy = dy.data(), .y = saved.data(), .dx = dx.data(), .n = n, .c = c, .logarithm = logarithm});
    gx.add(dx);
  });
}

}  // namespace detail

/// y = e^x / sum(e^x), sums over the last dimension of x [..., C]. Throws Error(shape) for a scalar, or C = 0.
template <Real T> Variable<T> softmax(const Variable<T>& x) { return detail::softmax(x, false); }

/// y = log(softmax(x)), without the loss of small probabilities. Throws Error(shape) as softmax() does.
template <Real T> Variable<T> log_softmax(const Variable<T>& x) { return detail::softmax(x, true); }

}  // namespace tl::ops
