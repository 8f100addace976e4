// The matrix product for machines without a kernel of their own, and for double: Eigen on one tile, single-threaded.
// The only header that includes Eigen.
#pragma once

#include <cstdint>

#include <Eigen/Core>

namespace tl::cpu {

/// C = op(A) op(B) or C += op(A) op(B) for one tile; all matrices row-major with row strides lda, ldb, ldc.
template <class T>
void gemm_generic(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                  std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Stride = Eigen::OuterStride<>;
  const Eigen::Map<const Matrix, 0, Stride> left(a, trans_a ? k : m, trans_a ? m : k, Stride(lda));
  const Eigen::Map<const Matrix, 0, Stride> right(b, trans_b ? n : k, trans_b ? k : n, Stride(ldb));
  Eigen::Map<Matrix, 0, Stride> result(c, m, n, Stride(ldc));
  if (!accumulate) result.setZero();
  if (trans_a && trans_b) result.noalias() += left.transpose() * right.transpose();
  else if (trans_a) result.noalias() += left.transpose() * right;
  else if (trans_b) result.noalias() += left * right.transpose();
  else result.noalias() += left * right;
}

}  // namespace tl::cpu
