// gather_rows: some rows of a matrix.
#pragma once

#include <tl/autograd/in_format.hpp>
#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/gather_rows.hpp>
#include <tl/kernels/gather_rows.hpp>
#include <tl/ops/embedding.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y[i] = x[rows[i]] for x [N, D] and rows [M]: y [M, D]. Throws Error(invalid_argument) for a row outside [0, N).
template <Real T> Variable<T> gather_rows(const Variable<T>& x, const Tensor<std::int32_t>& rows) {
  check_same_device("gather_rows", {{"x", x}, {"rows", rows}});
  check(x.shape().rank() == 2 && rows.rank() == 1, ErrorCode::shape,
        "gather_rows: expected x [N, D] and rows [M], got ", x.value(), " and ", rows);
  check_ids("gather_rows", rows, x.size(0));
  const std::int64_t n = x.size(0), m = rows.size(0), d = x.size(1);
  Tensor<T> y = Tensor<T>::empty({m, d}, x.device(), x.value().format());  // [M, D]
  kernels::run(x.device(), kernels::GatherRowsForward<T>{
                               .x = x.value().stored(), .rows = rows.data(), .y = y.stored(), .n = n, .m = m, .d = d});
  return Variable<T>::record(y, {x}, [=, saved = SavedValue(rows), gx = x.gradient()](const Tensor<T>& arrived) {
    const Tensor<T> dy = tl::detail::in_own_format(arrived);
    kernels::run(dy.device(),
                 kernels::GatherRowsBackward<T>{
                     .dy = dy.data(), .rows = saved.data(), .dx = gx.accumulator_data(), .n = n, .m = m, .d = d});
  });
}

}  // namespace tl::ops
