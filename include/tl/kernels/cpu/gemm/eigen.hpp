// The matrix product in double, for gradient checks: Eigen on one tile, single-threaded. The only header that includes
// Eigen. Transposed operands are copied first, because each form of product that Eigen compiles takes most of a second.
#pragma once

#include <cstdint>

#include <Eigen/Core>

#include <tl/kernels/cpu/gemm/args.hpp>
#include <tl/kernels/cpu/scratch.hpp>

namespace tl::cpu {

namespace detail {

/// The transpose of a row-major matrix as a dense one: to[column * rows + row] = from[row * stride + column].
template <class T>
const T* transposed_copy(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                         Scratch<T>& scratch) {
  T* const to = scratch.get(rows * columns);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column) to[column * rows + row] = from[row * stride + column];
  return to;
}

}  // namespace detail

/// gemm() for one tile, without the bias.
template <class T> void gemm_eigen(const GemmArgs<T>& g) {
  thread_local Scratch<T> scratch_a, scratch_b;
  const T *a = g.a, *b = g.b.own();
  std::int64_t lda = g.lda, ldb = g.ldb;
  if (g.transpose_a) a = detail::transposed_copy(a, lda, g.k, g.m, scratch_a), lda = g.k;
  if (g.transpose_b) b = detail::transposed_copy(b, ldb, g.n, g.k, scratch_b), ldb = g.n;
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Stride = Eigen::OuterStride<>;
  const Eigen::Map<const Matrix, 0, Stride> left(a, g.m, g.k, Stride(lda)), right(b, g.k, g.n, Stride(ldb));
  Eigen::Map<Matrix, 0, Stride> result(g.c, g.m, g.n, Stride(g.ldc));
  if (!g.accumulate) result.setZero();
  result.noalias() += left * right;
}

}  // namespace tl::cpu
