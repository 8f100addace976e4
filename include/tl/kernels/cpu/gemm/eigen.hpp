// The matrix product in double, for gradient checks: Eigen on one tile, single-threaded. The only header that includes
// Eigen. Transposed operands are copied first, because each form of product that Eigen compiles takes most of a second.
#pragma once

#include <cstdint>

#include <Eigen/Core>

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

/// C = op(A) op(B) or C += op(A) op(B) for one tile; all matrices row-major with row strides lda, ldb, ldc.
template <class T>
void gemm_eigen(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate) {
  thread_local Scratch<T> scratch_a, scratch_b;
  if (trans_a) a = detail::transposed_copy(a, lda, k, m, scratch_a), lda = k;
  if (trans_b) b = detail::transposed_copy(b, ldb, n, k, scratch_b), ldb = n;
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Stride = Eigen::OuterStride<>;
  const Eigen::Map<const Matrix, 0, Stride> left(a, m, k, Stride(lda)), right(b, k, n, Stride(ldb));
  Eigen::Map<Matrix, 0, Stride> result(c, m, n, Stride(ldc));
  if (!accumulate) result.setZero();
  result.noalias() += left * right;
}

}  // namespace tl::cpu
