// Micro-kernel of the matrix product with small m for AVX-512: eight rows of B by 16 or 32 of A.
#pragma once

#include <tl/kernels/cpu/gemm/avx512.hpp>

#ifdef TL_X86_64

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cpu/gemm/small_m.hpp>

namespace tl::cpu {

struct SmallMAvx512 {
  static constexpr std::int64_t lanes = 16;
  static constexpr int rows = 8;  // more would need more addresses than there are registers

  /// One register of rows, or several that are rather full.
  static constexpr bool suits(std::int64_t m) {
    const std::int64_t rest = m % 32;
    return m <= 32 || (m <= 96 && (rest == 0 || (rest >= 10 && rest <= 16) || rest >= 20));
  }

  static void multiply(bool two_registers, std::int64_t height, std::int64_t width, std::int64_t k, std::int64_t depth,
                       const float* packed, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
                       const float* bias) {
    if (two_registers) tile<2>(height, width, k, depth, packed, b, ldb, c, ldc, bias);
    else tile<1>(height, width, k, depth, packed, b, ldb, c, ldc, bias);
  }

 private:
  template <int Vectors>
  TL_AVX512 static void tile(std::int64_t height, std::int64_t width, std::int64_t k, std::int64_t depth,
                             const float* packed, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
                             const float* bias) {
    const float* row[rows];
    for (int i = 0; i < rows; ++i) row[i] = b + std::min<std::int64_t>(i, width - 1) * ldb;
    __m512 total[rows][Vectors];
    for (auto& line : total)
      for (auto& value : line) value = _mm512_setzero_ps();
    for (std::int64_t k0 = 0; k0 < k; k0 += depth) {
      const std::int64_t end = std::min(k, k0 + depth);
      __m512 sum[rows][Vectors];
#pragma GCC unroll 8
      for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_setzero_ps();
      for (std::int64_t d = k0; d < end; ++d, packed += lanes * Vectors) {
        if (d % 16 == 0)  // the rows of the next tile: the processor itself foresees only the rest of a row
          for (int i = 0; i < rows; ++i)
            _mm_prefetch(reinterpret_cast<const char*>(row[i] + rows * ldb + d), _MM_HINT_T0);
        __m512 a[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) a[v] = _mm512_load_ps(packed + lanes * v);
#pragma GCC unroll 8
        for (int i = 0; i < rows; ++i) {
          const __m512 x = _mm512_set1_ps(row[i][d]);
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_fmadd_ps(x, a[v], sum[i][v]);
        }
      }
      for (int i = 0; i < rows; ++i)
        for (int v = 0; v < Vectors; ++v) total[i][v] = _mm512_add_ps(sum[i][v], total[i][v]);
    }
    const __mmask16 stored = detail::low_lanes(width);
    for (int v = 0; v < Vectors; ++v) {
      __m512i block[16];
      for (int i = 0; i < rows; ++i) {
        const float shift = bias && i < width ? bias[i] : 0.0F;
        block[i] = _mm512_castps_si512(_mm512_add_ps(total[i][v], _mm512_set1_ps(shift)));
        block[i + rows] = _mm512_setzero_si512();
      }
      detail::transpose_16x16(block);
      for (int i = 0; i < 16; ++i)
        if (lanes * v + i < height) _mm512_mask_storeu_epi32(c + (lanes * v + i) * ldc, stored, block[i]);
    }
  }
};

}  // namespace tl::cpu

#endif
