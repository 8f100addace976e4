// Micro-kernel of the matrix product with small m for AVX2 with FMA: four rows of B by 8 or 16 of A.
#pragma once

#include <tl/kernels/cpu/gemm/avx2.hpp>

#ifdef TL_X86_64

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cpu/gemm/small_m.hpp>

namespace tl::cpu {

struct SmallMAvx2 {
  static constexpr std::int64_t lanes = 8;
  static constexpr int rows = 4;

  /// One pair of registers, or several that are rather full.
  static constexpr bool suits(std::int64_t m) {
    const std::int64_t rest = m % 16;
    return m <= 32 || (m <= 96 && (rest == 0 || rest > 8));
  }

  static void multiply(bool two_registers, std::int64_t height, std::int64_t width, std::int64_t k, std::int64_t depth,
                       const float* packed, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
                       const float* bias) {
    if (two_registers) tile<2>(height, width, k, depth, packed, b, ldb, c, ldc, bias);
    else tile<1>(height, width, k, depth, packed, b, ldb, c, ldc, bias);
  }

 private:
  template <int Vectors>
  TL_AVX2 static void tile(std::int64_t height, std::int64_t width, std::int64_t k, std::int64_t depth,
                           const float* packed, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
                           const float* bias) {
    const float* row[rows];
    for (int i = 0; i < rows; ++i) row[i] = b + std::min<std::int64_t>(i, width - 1) * ldb;
    alignas(32) float total[rows][lanes * Vectors] = {};
    for (std::int64_t k0 = 0; k0 < k; k0 += depth) {
      const std::int64_t end = std::min(k, k0 + depth);
      __m256 sum[rows][Vectors];
#pragma GCC unroll 4
      for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm256_setzero_ps();
      for (std::int64_t d = k0; d < end; ++d, packed += lanes * Vectors) {
        if (d % 16 == 0)  // the rows of the next tile, as with AVX-512
          for (int i = 0; i < rows; ++i)
            _mm_prefetch(reinterpret_cast<const char*>(row[i] + rows * ldb + d), _MM_HINT_T0);
        __m256 a[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) a[v] = _mm256_load_ps(packed + lanes * v);
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i) {
          const __m256 x = _mm256_set1_ps(row[i][d]);
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm256_fmadd_ps(x, a[v], sum[i][v]);
        }
      }
      for (int i = 0; i < rows; ++i)
        for (int v = 0; v < Vectors; ++v)
          _mm256_store_ps(total[i] + lanes * v, _mm256_add_ps(sum[i][v], _mm256_load_ps(total[i] + lanes * v)));
    }
    for (std::int64_t i = 0; i < width; ++i) {
      const float shift = bias ? bias[i] : 0.0F;
      for (std::int64_t r = 0; r < height; ++r) c[r * ldc + i] = total[i][r] + shift;
    }
  }
};

}  // namespace tl::cpu

#endif
