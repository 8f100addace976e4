// concat: variables one after the other along a dimension.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tl/autograd/variable.hpp>
#include <tl/kernels/concat.hpp>
#include <tl/kernels/cpu/concat.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// a and then b along `dimension`, which may be negative to count from the last one: [N, D] and [N, F] along 1 give
/// [N, D + F]. Throws Error(shape) if another dimension differs, or there is no such dimension.
template <Real T> Variable<T> concat(const Variable<T>& a, const Variable<T>& b, int dimension = -1) {
  check_same_device("concat", {{"a", a}, {"b", b}});
  const int rank = a.shape().rank(), at = dimension < 0 ? dimension + rank : dimension;
  bool fits = rank == b.shape().rank() && at >= 0 && at < rank;
  std::vector<std::int64_t> extents;
  std::int64_t rows = 1, inner = 1;
  for (int i = 0; fits && i < rank; ++i) {
    extents.push_back(a.size(i) + (i == at ? b.size(i) : 0));
    fits = i == at || a.size(i) == b.size(i);
    if (i < at) rows *= a.size(i);
    if (i > at) inner *= a.size(i);
  }
  check(fits, ErrorCode::shape, "concat: expected two variables whose shapes differ in dimension ", dimension,
        " only, got ", a.value(), " and ", b.value());
  Tensor<T> y = Tensor<T>::empty(Shape(std::span<const std::int64_t>(extents)), a.device());
  const std::int64_t a_width = a.size(at) * inner, b_width = b.size(at) * inner;
  kernels::run(a.device(), kernels::ConcatForward<T>{.a = a.own_value().data(),
                                                     .b = b.own_value().data(),
                                                     .y = y.data(),
                                                     .rows = rows,
                                                     .a_width = a_width,
                                                     .b_width = b_width});
  return Variable<T>::record(y, {a, b}, [=, ga = a.gradient(), gb = b.gradient()](const Tensor<T>& dy) {
    Tensor<T> da = ga.new_tensor(), db = gb.new_tensor();
    kernels::run(dy.device(), kernels::ConcatBackward<T>{.dy = dy.data(),
                                                         .da = da.defined() ? da.data() : nullptr,
                                                         .db = db.defined() ? db.data() : nullptr,
                                                         .rows = rows,
                                                         .a_width = a_width,
                                                         .b_width = b_width});
    if (ga) ga.add(da);
    if (gb) gb.add(db);
  });
}

/// All of `parts`, one after the other. Throws Error(shape) for none.
template <Real T> Variable<T> concat(const std::vector<Variable<T>>& parts, int dimension = -1) {
  check(!parts.empty(), ErrorCode::shape, "concat: expected at least one variable, got none");
  Variable<T> all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) all = concat(all, parts[i], dimension);
  return all;
}

}  // namespace tl::ops
