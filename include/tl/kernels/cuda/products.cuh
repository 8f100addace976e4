// Matrix products of any size: what cuBLASLt does not take, empty sums and the bias of a product of doubles, is done
// here.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include <tl/core/shape.hpp>
#include <tl/kernels/cuda/cublaslt.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int fill_rows_threads = 256;

/// Each row of c [M, N] becomes `row` [N], or 0 if it is null.
template <class T>
static __global__ void fill_rows_kernel(Stored<const T> row, std::int64_t elements, std::int64_t n, Stored<T> c) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * fill_rows_threads + threadIdx.x;
  if (index < elements) store(c, index, row ? load(row, index % n) : T(0));
}

/// Computes a product whose extents may be 0. Throws Error(device), naming the operation.
template <class T> static void multiply(Product<T> product) {
  if (product.m == 0 || product.n == 0) return;
  const bool bias_first = product.bias && (product.k == 0 || std::is_same_v<T, double>);
  if (bias_first || (product.k == 0 && !product.accumulate)) {
    launch(Launch{.operation = product.operation,
                  .shape = {product.m, product.n},
                  .blocks = blocks_for(product.m * product.n, fill_rows_threads),
                  .threads = fill_rows_threads},
           fill_rows_kernel<T>, product.bias, product.m * product.n, product.n, product.c);
    product.accumulate = true;
    product.bias = nullptr;
  }
  if (product.k != 0) Products::instance().run(product);
}

}  // namespace tl::cuda
