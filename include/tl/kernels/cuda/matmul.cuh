// The product of two matrices on the GPU.
#pragma once

#include <tl/kernels/cuda/products.cuh>
#include <tl/kernels/matmul.hpp>

namespace tl::cuda {

template <class T> static void matmul(const kernels::MatMul<T>& p) {
  multiply(Product<T>{.operation = p.name,
                      .a = p.a,
                      .b = p.b,
                      .c = p.c,
                      .m = p.m,
                      .n = p.n,
                      .k = p.k,
                      .transpose_a = p.transpose_a,
                      .transpose_b = p.transpose_b,
                      .accumulate = p.accumulate});
}

[[maybe_unused]] static const bool matmul_registered = [] {
  kernels::provide_cuda(&matmul<float>, &matmul<double>);
  return true;
}();

}  // namespace tl::cuda
