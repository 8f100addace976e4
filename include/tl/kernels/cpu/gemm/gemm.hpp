// The matrix product behind linear and matmul: C = op(A) op(B) (+ bias), row-major, on all threads. Every element of C
// is summed in an order that depends on the shape only, so the result has the same bits for any thread count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <tl/core/cpu_features.hpp>
#include <tl/core/parallel.hpp>
#include <tl/core/precision.hpp>
#include <tl/kernels/cpu/gemm/avx2.hpp>
#include <tl/kernels/cpu/gemm/avx512.hpp>
#include <tl/kernels/cpu/gemm/blocked.hpp>
#include <tl/kernels/cpu/gemm/eigen.hpp>
#include <tl/kernels/cpu/gemm/portable.hpp>
#include <tl/kernels/cpu/gemm/small_m.hpp>
#include <tl/kernels/cpu/gemm/small_m_avx2.hpp>
#include <tl/kernels/cpu/gemm/small_m_avx512.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/packed_weight_cache.hpp>
#include <tl/kernels/saved.hpp>

namespace tl::cpu {

namespace detail {

/// gemm() on tiles that Eigen multiplies.
template <class T>
void gemm_on_tiles(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                   std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate,
                   const T* bias) {
  constexpr std::int64_t tile_m = 256, tile_n = 128;
  const std::int64_t tiles_n = (n + tile_n - 1) / tile_n, tiles_m = (m + tile_m - 1) / tile_m;
  parallel_for(tiles_m * tiles_n, 1, [&](std::int64_t tile, std::int64_t) {
    const std::int64_t i = tile / tiles_n * tile_m, j = tile % tiles_n * tile_n;
    const std::int64_t rows = std::min(tile_m, m - i), columns = std::min(tile_n, n - j);
    T* const out = c + i * ldc + j;
    gemm_eigen(trans_a, trans_b, rows, columns, k, a + (trans_a ? i : i * lda), lda, b + (trans_b ? j * ldb : j), ldb,
               out, ldc, accumulate);
    if (!bias) return;
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < columns; ++column) out[row * ldc + column] += bias[j + column];
  });
}

/// A copy of a matrix as stored (same stride) with its elements rounded to bfloat16.
template <class T>
const T* rounded_copy(kernels::Saved<T> from, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                      Scratch<T>& scratch) {
  if (rows <= 0 || columns <= 0) return from.values;
  T* const copy = scratch.get(rows * stride);
  round_rows(from, stride, copy, stride, rows, columns);
  return copy;
}

/// The micro-kernel for tiles of float.
inline const GemmKernel& blocked_kernel([[maybe_unused]] CpuIsa isa, [[maybe_unused]] Precision precision) {
#ifdef TL_X86_64
  if (isa >= CpuIsa::avx512_bf16 && precision == Precision::bf16) return gemm_kernel<GemmAvx512Bf16>;
  if (isa >= CpuIsa::avx512) return gemm_kernel<GemmAvx512>;
  if (isa >= CpuIsa::avx2) return gemm_kernel<GemmAvx2>;
#endif
  return gemm_kernel<GemmPortable>;
}

}  // namespace detail

/// C = op(A) op(B), or C += op(A) op(B) if `accumulate`, then + bias on every row if `bias` is not null.
/// op(A) is [m, k], op(B) is [k, n], C is [m, n]; op transposes if asked to; lda, ldb, ldc are the row strides of the
/// matrices as stored. C must not overlap A or B. With k = 0 the product is zero. In bf16 A and B are rounded to
/// bfloat16 first; sums and results are not; there, B may be stored in bfloat16 if it is not transposed. double serves
/// gradient checks and is multiplied by Eigen. `packed` may be given to all float products with the same B,
/// transposition, precision and isa: in bf16 the first one packs B there, and the others read that instead of B.
template <class T>
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda,
          std::type_identity_t<kernels::Saved<T>> b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate,
          const T* bias = nullptr, Precision precision = Precision::f32, [[maybe_unused]] CpuIsa isa = cpu_isa(),
          [[maybe_unused]] kernels::PackedWeight* packed = nullptr) {
  const bool rounded = precision == Precision::bf16;
  if constexpr (std::is_same_v<T, float>) {
#ifdef TL_X86_64
    if (!rounded && isa >= CpuIsa::avx2 && !trans_a && trans_b && !accumulate) {
      const FewRowsKernel& few =
          isa >= CpuIsa::avx512 ? few_rows_kernel<FewRowsAvx512, GemmAvx512> : few_rows_kernel<FewRowsAvx2, GemmAvx2>;
      if (few.suits(m)) return GemmFewRows(few, m, n, k, a, lda, b.values, ldb, c, ldc, bias).run();
    }
#endif
    // Intel's processors wait longer for rows of A that lie far apart than packing them takes.
    const GemmOperand left{.values = a, .stride = lda, .transposed = trans_a, .always_packed = is_intel_cpu()};
    BlockedGemm(detail::blocked_kernel(isa, precision), m, n, k, left, {b.values, ldb, trans_b, b.rounded}, c, ldc,
                accumulate, bias, rounded)
        .run(rounded ? packed : nullptr);
  } else {
    if (rounded) {
      thread_local Scratch<T> scratch_a, scratch_b;
      a = detail::rounded_copy<T>(a, trans_a ? k : m, trans_a ? m : k, lda, scratch_a);
      b = detail::rounded_copy<T>(b, trans_b ? n : k, trans_b ? k : n, ldb, scratch_b);
    }
    detail::gemm_on_tiles(trans_a, trans_b, m, n, k, a, lda, b.values, ldb, c, ldc, accumulate, bias);
  }
}

}  // namespace tl::cpu
