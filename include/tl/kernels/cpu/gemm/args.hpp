// What a matrix product is given, for gemm() and its loops.
#pragma once

#include <cstdint>

#include <tl/core/cpu_features.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/packed_weight_cache.hpp>

namespace tl::cpu {

/// C = op(A) op(B), or C += op(A) op(B), row-major; op transposes if asked to. C must not overlap A or B.
template <class T> struct GemmArgs {
  const T* a;                  ///< op(A) is [m, k]
  Stored<const T> b;           ///< op(B) is [k, n]; in bfloat16 only if the product is in bf16 and B not transposed
  T* c;                        ///< [m, n]
  std::int64_t m, n, k;        ///< with k = 0 the product is zero
  std::int64_t lda, ldb, ldc;  ///< row strides of the matrices as stored
  bool transpose_a = false, transpose_b = false;
  bool accumulate = false;               ///< C += op(A) op(B)
  const T* bias = nullptr;               ///< [n], then added to every row; or null
  Precision precision = Precision::f32;  ///< in bf16 A and B are rounded first; sums and results are not
  CpuIsa isa = cpu_isa();
  /// Shared by all products with the same B, transposition, precision and isa; or null. In bf16 the first product packs
  /// B there, and the others read that instead of B; in float it is not used.
  kernels::PackedWeight* packed = nullptr;
};

}  // namespace tl::cpu
