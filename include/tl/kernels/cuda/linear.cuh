// A linear layer on the GPU: one product of cuBLASLt each for y, dx and dweight; dbias is a sum over rows in a fixed
// order.
#pragma once

#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/convert.cuh>
#include <tl/kernels/cuda/products.cuh>
#include <tl/kernels/linear.hpp>

namespace tl::cuda {

/// A bias in the format of the result, which is the only one that cuBLASLt adds: rounded like the operands of a
/// product.
template <class T> class BiasAs {
 public:
  BiasAs(const char* operation, const T* bias, std::int64_t n, DType format)
      : memory_(bias && format != dtype_of<T> ? (n + 1) / 2 : 0), bias_(bias) {
    if (!bias || format == dtype_of<T>) return;
    const Stored<T> rounded(memory_.data(), format);
    launch_each(operation, Shape{n}, n, ConvertElement<T>{bias, rounded});
    bias_ = rounded;
  }
  operator Stored<const T>() const { return bias_; }  // NOLINT(google-explicit-constructor): it stands for it

 private:
  Workspace<float> memory_;
  Stored<const T> bias_;
};

template <class T> static void linear_forward(const kernels::LinearForward<T>& p) {
  const BiasAs<T> bias(p.name, p.bias, p.out, p.y.format);
  multiply(Product<T>{.operation = p.name,
                      .a = p.x,
                      .b = p.weight,
                      .c = p.y,
                      .m = p.n,
                      .n = p.out,
                      .k = p.in,
                      .transpose_b = true,
                      .bias = bias});
}

template <class T> static void linear_backward_input(const kernels::LinearBackwardInput<T>& p) {
  multiply(Product<T>{.operation = p.name,
                      .a = p.dy,
                      .b = p.weight,
                      .c = p.dx,
                      .m = p.n,
                      .n = p.in,
                      .k = p.out,
                      .accumulate = p.accumulate});
}

template <class T> static void linear_backward_weight(const kernels::LinearBackwardWeight<T>& p) {
  if (p.dweight)
    multiply(Product<T>{.operation = p.name,
                        .a = p.dy,
                        .b = p.x,
                        .c = p.dweight,
                        .m = p.out,
                        .n = p.in,
                        .k = p.n,
                        .transpose_a = true,
                        .accumulate = !p.overwrite});
  add_column_sums(p.name, p.n, p.out, MatrixElement<T>{p.dy}, p.dbias);
}

[[maybe_unused]] static const bool linear_registered = [] {
  kernels::provide_cuda(&linear_forward<float>, &linear_forward<double>, &linear_backward_input<float>,
                        &linear_backward_input<double>, &linear_backward_weight<float>,
                        &linear_backward_weight<double>);
  return true;
}();

}  // namespace tl::cuda
