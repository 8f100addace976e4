// The matrix product behind linear and matmul: C = op(A) op(B) (+ bias), row-major, on all threads. Every element of C
// is summed in an order that depends on the shape only, so the result has the same bits for any thread count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <tl/core/cpu_features.hpp>
#include <tl/core/parallel.hpp>
#include <tl/cpu/gemm_avx2.hpp>
#include <tl/cpu/gemm_avx512.hpp>
#include <tl/cpu/gemm_blocked.hpp>
#include <tl/cpu/gemm_generic.hpp>

namespace tl::cpu {

/// C = op(A) op(B), or C += op(A) op(B) if `accumulate`, then + bias on every row if `bias` is not null.
/// op(A) is [m, k], op(B) is [k, n], C is [m, n]; op transposes if asked to; lda, ldb, ldc are the row strides of the
/// matrices as stored. C must not overlap A or B. With k = 0 the product is zero. double is for checks: it always
/// takes the generic kernel.
template <class T>
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda,
          const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate, const T* bias = nullptr,
          [[maybe_unused]] CpuIsa isa = cpu_isa()) {
#ifdef TL_X86_64
  if constexpr (std::is_same_v<T, float>) {
    const GemmOperand left{a, lda, trans_a}, right{b, ldb, trans_b};
    if (isa >= CpuIsa::avx512) return BlockedGemm<GemmAvx512>(m, n, k, left, right, c, ldc, accumulate, bias).run();
    if (isa >= CpuIsa::avx2) return BlockedGemm<GemmAvx2>(m, n, k, left, right, c, ldc, accumulate, bias).run();
  }
#endif
  constexpr std::int64_t tile_m = 256, tile_n = 128;
  const std::int64_t tiles_n = (n + tile_n - 1) / tile_n, tiles_m = (m + tile_m - 1) / tile_m;
  parallel_for(tiles_m * tiles_n, 1, [&](std::int64_t tile, std::int64_t) {
    const std::int64_t i = tile / tiles_n * tile_m, j = tile % tiles_n * tile_n;
    const std::int64_t rows = std::min(tile_m, m - i), columns = std::min(tile_n, n - j);
    T* const out = c + i * ldc + j;
    gemm_generic(trans_a, trans_b, rows, columns, k, a + (trans_a ? i : i * lda), lda, b + (trans_b ? j * ldb : j), ldb,
                 out, ldc, accumulate);
    if (!bias) return;
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < columns; ++column) out[row * ldc + column] += bias[j + column];
  });
}

}  // namespace tl::cpu
