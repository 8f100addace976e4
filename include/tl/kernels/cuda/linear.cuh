// A linear layer on the GPU: one product of cuBLASLt each for y, dx and dweight; dbias is a sum over rows in a fixed
// order.
#pragma once

#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/precision.cuh>
#include <tl/kernels/cuda/products.cuh>
#include <tl/kernels/linear.hpp>

namespace tl::cuda {

template <class T> static void linear_forward(const kernels::LinearForward<T>& p) {
  require_f32(p.name, p.precision);
  multiply(Product<T>{.operation = p.name,
                      .a = own(p.name, p.x),
                      .b = own(p.name, p.weight),
                      .c = own(p.name, p.y),
                      .m = p.n,
                      .n = p.out,
                      .k = p.in,
                      .transpose_b = true,
                      .bias = p.bias});
}

template <class T> static void linear_backward_input(const kernels::LinearBackwardInput<T>& p) {
  require_f32(p.name, p.precision);
  multiply(Product<T>{.operation = p.name,
                      .a = own(p.name, p.dy),
                      .b = own(p.name, p.weight),
                      .c = own(p.name, p.dx),
                      .m = p.n,
                      .n = p.in,
                      .k = p.out,
                      .accumulate = p.accumulate});
}

template <class T> static void linear_backward_weight(const kernels::LinearBackwardWeight<T>& p) {
  require_f32(p.name, p.precision);
  if (p.dweight)
    multiply(Product<T>{.operation = p.name,
                        .a = own(p.name, p.dy),
                        .b = own(p.name, p.x),
                        .c = p.dweight,
                        .m = p.out,
                        .n = p.in,
                        .k = p.n,
                        .transpose_a = true,
                        .accumulate = !p.overwrite});
  add_column_sums(p.name, p.n, p.out, MatrixElement<T>{own(p.name, p.dy)}, p.dbias);
}

[[maybe_unused]] static const bool linear_registered = [] {
  kernels::provide_cuda(&linear_forward<float>, &linear_forward<double>, &linear_backward_input<float>,
                        &linear_backward_input<double>, &linear_backward_weight<float>,
                        &linear_backward_weight<double>);
  return true;
}();

}  // namespace tl::cuda
