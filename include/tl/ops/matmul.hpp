// matmul: the matrix product of two variables.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/matmul.hpp>
#include <tl/kernels/matmul.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// c = a b for a [M, K] and b [K, N]: c [M, N]. Throws Error(shape) if the inner extents differ.
template <Real T> Variable<T> matmul(const Variable<T>& a, const Variable<T>& b) {
  check_same_device("matmul", {{"a", a}, {"b", b}});
  check(a.shape().rank() == 2 && b.shape().rank() == 2 && a.size(1) == b.size(0), ErrorCode::shape,
        "matmul: expected a [M, K] and b [K, N] with the same K, got ", a.value(), " and ", b.value());
  const std::int64_t m = a.size(0), k = a.size(1), n = b.size(1);
  Tensor<T> c = Tensor<T>::empty({m, n}, a.device());  // [M, N]
  kernels::run(
      a.device(),
      kernels::MatMul<T>{.a = a.own_value().data(), .b = b.own_value().data(), .c = c.data(), .m = m, .n = n, .k = k});
  const auto backward = [=, av = SavedValue(a.own_value()), bv = SavedValue(b.own_value()), ga = a.gradient(),
                         gb = b.gradient()](const Tensor<T>& dc) {
    // da = dc b^T, db = a^T dc
    if (ga)
      kernels::run(dc.device(), kernels::MatMul<T>{.a = dc.data(),
                                                   .b = bv.data(),
                                                   .c = ga.accumulator_data(),
                                                   .m = m,
                                                   .n = k,
                                                   .k = n,
                                                   .transpose_b = true,
                                                   .accumulate = true});
    if (gb)
      kernels::run(dc.device(), kernels::MatMul<T>{.a = av.data(),
                                                   .b = dc.data(),
                                                   .c = gb.accumulator_data(),
                                                   .m = k,
                                                   .n = n,
                                                   .k = m,
                                                   .transpose_a = true,
                                                   .accumulate = true});
  };
  return Variable<T>::record(c, {a, b}, backward);
}

}  // namespace tl::ops
