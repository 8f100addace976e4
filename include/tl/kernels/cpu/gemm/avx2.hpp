// Micro-kernel of the matrix product for AVX2 with FMA: a tile of 6 x 16 in 12 of the 16 registers.
#pragma once

#include <tl/core/cpu_features.hpp>

#ifdef TL_X86_64

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cpu/gemm/portable.hpp>
#include <tl/kernels/cpu/gemm/strip.hpp>

#define TL_AVX2 __attribute__((target("avx2,fma")))

namespace tl::cpu {

struct GemmAvx2 {
  static constexpr std::int64_t rows = 6, columns = 16, depth_step = 1, max_depth = 256, max_panels = 4;

  static constexpr std::int64_t packed_rows(std::int64_t count) { return (count + 1) / 2 * 2; }

  static constexpr auto pack = GemmPortable::pack;
  static constexpr auto pack_bf16 = GemmPortable::pack_bf16;

  static void multiply(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                       std::int64_t row_step, std::int64_t k_step, const float* b, float* c, std::int64_t ldc, bool add,
                       const float* bias, GemmPrefetch& next) {
    next.fetch_part(1);
    switch (packed_rows(height)) {
      case 2: return tile<2>(height, width, depth, a, row_step, k_step, b, c, ldc, add, bias);
      case 4: return tile<4>(height, width, depth, a, row_step, k_step, b, c, ldc, add, bias);
      default: return tile<6>(height, width, depth, a, row_step, k_step, b, c, ldc, add, bias);
    }
  }

 private:
  /// A mask of the first `count` of eight lanes, for any count.
  TL_AVX2 static __m256i low_lanes(std::int64_t count) {
    const int bounded = static_cast<int>(std::clamp<std::int64_t>(count, 0, 8));
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(bounded), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }

  template <int Rows>
  TL_AVX2 static void tile(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                           std::int64_t row_step, std::int64_t k_step, const float* b, float* c, std::int64_t ldc,
                           bool add, const float* bias) {
    __m256 sum[Rows][2];
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      sum[i][0] = sum[i][1] = _mm256_setzero_ps();
      _mm_prefetch(reinterpret_cast<const char*>(c + i * ldc), _MM_HINT_T0);
    }
    GemmStripRows<Rows> row(a, row_step, k_step);
    for (std::int64_t d = 0; d < depth; ++d, row.step(), b += columns) {
      const __m256 b_left = _mm256_load_ps(b), b_right = _mm256_load_ps(b + 8);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        const __m256 x = _mm256_set1_ps(row[i]);
        sum[i][0] = _mm256_fmadd_ps(x, b_left, sum[i][0]);
        sum[i][1] = _mm256_fmadd_ps(x, b_right, sum[i][1]);
      }
    }
    const __m256i left = low_lanes(width), right = low_lanes(width - 8);
    const __m256 bias_left = bias ? _mm256_maskload_ps(bias, left) : _mm256_setzero_ps();
    const __m256 bias_right = bias ? _mm256_maskload_ps(bias + 8, right) : _mm256_setzero_ps();
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      if (i >= height) break;
      float* const out = c + i * ldc;
      if (add) {
        sum[i][0] = _mm256_add_ps(sum[i][0], _mm256_maskload_ps(out, left));
        sum[i][1] = _mm256_add_ps(sum[i][1], _mm256_maskload_ps(out + 8, right));
      }
      _mm256_maskstore_ps(out, left, _mm256_add_ps(sum[i][0], bias_left));
      _mm256_maskstore_ps(out + 8, right, _mm256_add_ps(sum[i][1], bias_right));
    }
  }
};

}  // namespace tl::cpu

#endif
