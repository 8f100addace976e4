// add_row and multiply_row: one row with every row of a matrix.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/row_broadcast.hpp>
#include <tl/kernels/row_broadcast.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

namespace detail {

template <Real T> Variable<T> row_broadcast(const Variable<T>& x, const Variable<T>& row, bool multiply) {
  check_same_device(multiply ? "multiply_row" : "add_row", {{"x", x}, {"row", row}});
  check(x.shape().rank() == 2 && row.shape() == Shape{x.size(1)}, ErrorCode::shape,
        multiply ? "multiply_row" : "add_row", ": expected x [N, D] and row [D], got ", x.value(), " and ",
        row.value());
  const std::int64_t n = x.size(0), d = x.size(1);
  Tensor<T> y = Tensor<T>::empty(x.shape(), x.device());
  kernels::run(
      x.device(),
      kernels::RowBroadcastForward<T>{
          .x = x.own_value().data(), .row = row.value().data(), .y = y.data(), .n = n, .d = d, .multiply = multiply});
  // A sum reads neither x nor row in its backward pass, so they are not kept for it.
  const SavedValue<T> xv(multiply ? x.own_value() : Tensor<T>()), rv(multiply ? row.value() : Tensor<T>());
  return Variable<T>::record(y, {x, row}, [=, gx = x.gradient(), grow = row.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = gx.new_tensor();
    kernels::run(dy.device(), kernels::RowBroadcastBackward<T>{.dy = dy.data(),
                                                               .x = xv.data(),
                                                               .row = rv.data(),
                                                               .dx = dx.defined() ? dx.data() : nullptr,
                                                               .drow = grow.accumulator_data(),
                                                               .n = n,
                                                               .d = d,
                                                               .multiply = multiply});
    if (gx) gx.add(dx);
  });
}

}  // namespace detail

/// y [N, D] = x [N, D] with `row` [D] added to every row. Throws Error(shape).
template <Real T> Variable<T> add_row(const Variable<T>& x, const Variable<T>& row) {
  return detail::row_broadcast(x, row, false);
}

/// y [N, D] = x [N, D] with every row multiplied by `row` [D], element by element. Throws Error(shape).
template <Real T> Variable<T> multiply_row(const Variable<T>& x, const Variable<T>& row) {
  return detail::row_broadcast(x, row, true);
}

}  // namespace tl::ops
