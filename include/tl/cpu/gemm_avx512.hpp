// Micro-kernel of the matrix product for AVX-512: a tile of 14 x 32 in 28 of the 32 registers.
#pragma once

#include <tl/core/cpu_features.hpp>

#ifdef TL_X86_64

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#define TL_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))

namespace tl::cpu {

namespace detail {

/// Transposes 16 x 16 elements of 32 bits in registers. (The forms with a full mask are the same instructions; g++ 12
/// takes the plain ones for uses of uninitialised values.)
TL_AVX512 inline void transpose_16x16(__m512i (&x)[16]) {
  __m512i y[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    y[2 * i] = _mm512_maskz_unpacklo_epi32(0xffff, x[2 * i], x[2 * i + 1]);
    y[2 * i + 1] = _mm512_maskz_unpackhi_epi32(0xffff, x[2 * i], x[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    x[4 * i] = _mm512_maskz_unpacklo_epi64(0xff, y[4 * i], y[4 * i + 2]);
    x[4 * i + 1] = _mm512_maskz_unpackhi_epi64(0xff, y[4 * i], y[4 * i + 2]);
    x[4 * i + 2] = _mm512_maskz_unpacklo_epi64(0xff, y[4 * i + 1], y[4 * i + 3]);
    x[4 * i + 3] = _mm512_maskz_unpackhi_epi64(0xff, y[4 * i + 1], y[4 * i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    y[i] = _mm512_maskz_shuffle_i32x4(0xffff, x[i], x[i + 4], 0x88);
    y[i + 4] = _mm512_maskz_shuffle_i32x4(0xffff, x[i], x[i + 4], 0xdd);
    y[i + 8] = _mm512_maskz_shuffle_i32x4(0xffff, x[i + 8], x[i + 12], 0x88);
    y[i + 12] = _mm512_maskz_shuffle_i32x4(0xffff, x[i + 8], x[i + 12], 0xdd);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    x[i] = _mm512_maskz_shuffle_i32x4(0xffff, y[i], y[i + 8], 0x88);
    x[i + 8] = _mm512_maskz_shuffle_i32x4(0xffff, y[i], y[i + 8], 0xdd);
  }
}

inline std::uint16_t low_lanes(std::int64_t count) {
  return static_cast<std::uint16_t>((1U << std::clamp<std::int64_t>(count, 0, 16)) - 1U);
}

}  // namespace detail

struct GemmAvx512 {
  using Packed = float;
  static constexpr std::int64_t rows = 14, columns = 32, depth_step = 1, max_depth = 256, max_strips = 32;

  static constexpr std::int64_t packed_rows(std::int64_t count) { return (count + 1) / 2 * 2; }

  TL_AVX512 static void pack(const float* from, std::int64_t stride, bool along_depth, std::int64_t width,
                             std::int64_t depth, std::int64_t group, float* to) {
    for (std::int64_t w = 0; w < group; w += 16) {
      const __mmask16 stored = detail::low_lanes(group - w), valid = detail::low_lanes(width - w);
      if (!along_depth) {
        for (std::int64_t d = 0; d < depth; ++d)
          _mm512_mask_storeu_ps(to + d * group + w, stored, _mm512_maskz_loadu_ps(valid, from + d * stride + w));
        continue;
      }
      for (std::int64_t d = 0; d < depth; d += 16) {
        const __mmask16 lanes = detail::low_lanes(depth - d);
        __m512i block[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          block[i] =
              w + i < width ? _mm512_maskz_loadu_epi32(lanes, from + (w + i) * stride + d) : _mm512_setzero_si512();
        detail::transpose_16x16(block);
        const std::int64_t count = std::min<std::int64_t>(16, depth - d);
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          if (i < count) _mm512_mask_storeu_epi32(to + (d + i) * group + w, stored, block[i]);
      }
    }
  }

  static void multiply(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a, const float* b,
                       float* c, std::int64_t ldc, bool add, const float* bias) {
    switch (packed_rows(height)) {
      case 2: return tile<2>(height, width, depth, a, b, c, ldc, add, bias);
      case 4: return tile<4>(height, width, depth, a, b, c, ldc, add, bias);
      case 6: return tile<6>(height, width, depth, a, b, c, ldc, add, bias);
      case 8: return tile<8>(height, width, depth, a, b, c, ldc, add, bias);
      case 10: return tile<10>(height, width, depth, a, b, c, ldc, add, bias);
      case 12: return tile<12>(height, width, depth, a, b, c, ldc, add, bias);
      default: return tile<14>(height, width, depth, a, b, c, ldc, add, bias);
    }
  }

 private:
  template <int Rows>
  TL_AVX512 static void tile(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                             const float* b, float* c, std::int64_t ldc, bool add, const float* bias) {
    const __mmask16 left = detail::low_lanes(width), right = detail::low_lanes(width - 16);
    __m512 sum[Rows][2];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      sum[i][0] = sum[i][1] = _mm512_setzero_ps();
      _mm_prefetch(reinterpret_cast<const char*>(c + i * ldc), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c + i * ldc + 16), _MM_HINT_T0);
    }
    for (std::int64_t d = 0; d < depth; ++d, a += Rows, b += columns) {
      const __m512 b_left = _mm512_load_ps(b), b_right = _mm512_load_ps(b + 16);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
        const __m512 x = _mm512_set1_ps(a[i]);
        sum[i][0] = _mm512_fmadd_ps(x, b_left, sum[i][0]);
        sum[i][1] = _mm512_fmadd_ps(x, b_right, sum[i][1]);
      }
    }
    const __m512 bias_left = bias ? _mm512_maskz_loadu_ps(left, bias) : _mm512_setzero_ps();
    const __m512 bias_right = bias ? _mm512_maskz_loadu_ps(right, bias + 16) : _mm512_setzero_ps();
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      if (i >= height) break;
      float* const out = c + i * ldc;
      if (add) {
        sum[i][0] = _mm512_add_ps(sum[i][0], _mm512_maskz_loadu_ps(left, out));
        sum[i][1] = _mm512_add_ps(sum[i][1], _mm512_maskz_loadu_ps(right, out + 16));
      }
      _mm512_mask_storeu_ps(out, left, _mm512_add_ps(sum[i][0], bias_left));
      _mm512_mask_storeu_ps(out + 16, right, _mm512_add_ps(sum[i][1], bias_right));
    }
  }
};

}  // namespace tl::cpu

#endif
