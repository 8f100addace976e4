// Micro-kernels of the matrix product for AVX-512, in float and with bfloat16 operands: a tile of 14 x 32 in 28 of the
// 32 registers.
#pragma once

#include <tl/core/cpu_features.hpp>

#ifdef TL_X86_64

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cpu/gemm/portable.hpp>
#include <tl/kernels/cpu/gemm/strip.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

#define TL_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define TL_AVX512_BF16 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace tl::cpu {

namespace detail {

/// Transposes 16 x 16 elements of 32 bits in registers. (The forms with a full mask are the same instructions; g++ 12
/// takes the plain ones, here and below, for uses of uninitialised values.)
TL_AVX512 TL_INLINE inline void transpose_16x16(__m512i (&x)[16]) {
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

/// A mask of the first `count` of sixteen lanes, for any count.
inline std::uint16_t low_lanes(std::int64_t count) {
  return static_cast<std::uint16_t>((1U << std::clamp<std::int64_t>(count, 0, 16)) - 1U);
}

/// A tile of C while it is summed up.
template <int Rows> using Avx512Tile = __m512[Rows][2];

template <int Rows> TL_AVX512 TL_INLINE inline void begin_tile(Avx512Tile<Rows>& sum) {
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
}

/// What is fetched while a tile is made: the rows of C, which are written in the end, and lines for later. All at once
/// they would fill the buffers that A and B come through, so they are spread over the steps along k.
template <int Rows> class Avx512Fetch {
 public:
  static constexpr std::int64_t steps = 16;  ///< between two calls of some()

  TL_AVX512 TL_INLINE Avx512Fetch(std::int64_t depth, const float* c, std::int64_t ldc, GemmPrefetch& next)
      : parts_((depth + steps - 1) / steps), c_(c), ldc_(ldc), next_(next) {}

  TL_AVX512 TL_INLINE void some() {
    for (due_ += Rows; due_ >= parts_; due_ -= parts_, c_ += ldc_) {
      _mm_prefetch(reinterpret_cast<const char*>(c_), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c_ + 16), _MM_HINT_T0);
    }
    next_.fetch_part(parts_);
  }

 private:
  std::int64_t parts_, due_ = 0;
  const float* c_;
  std::int64_t ldc_;
  GemmPrefetch& next_;
};

/// The lines of a packed strip of A and of a panel of B that come eight steps later: the second-level cache has them.
template <int Rows> TL_AVX512 TL_INLINE inline void fetch_ahead(const float* a, const float* b) {
  _mm_prefetch(reinterpret_cast<const char*>(a + 8 * Rows), _MM_HINT_T0);
  _mm_prefetch(reinterpret_cast<const char*>(b + 8 * 32), _MM_HINT_T0);
  _mm_prefetch(reinterpret_cast<const char*>(b + 8 * 32 + 16), _MM_HINT_T0);
}

template <int Rows>
TL_AVX512 TL_INLINE inline void finish_tile(Avx512Tile<Rows>& sum, std::int64_t height, std::int64_t width, float* c,
                                            std::int64_t ldc, bool add, const float* bias) {
  const __mmask16 left = low_lanes(width), right = low_lanes(width - 16);
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

/// The heights of tiles: 2, 6, 10 and 14. Only the last strip of a matrix is not of 14 rows.
constexpr std::int64_t tile_rows(std::int64_t height) { return (height + 1) / 4 * 4 + 2; }

/// Calls tile.template operator()<Rows>() with the number of rows of a tile that holds `height` rows.
template <class Tile> void with_tile_rows(std::int64_t height, const Tile& tile) {
  switch (tile_rows(height)) {
    case 2: return tile.template operator()<2>();
    case 6: return tile.template operator()<6>();
    case 10: return tile.template operator()<10>();
    default: return tile.template operator()<14>();
  }
}

}  // namespace detail

struct GemmAvx512 {
  static constexpr std::int64_t rows = 14, columns = 32, depth_step = 1, max_depth = 512, max_panels = 3;

  static constexpr std::int64_t packed_rows(std::int64_t count) { return detail::tile_rows(count); }

  static constexpr auto pack_bf16 = GemmPortable::pack_bf16;

  TL_AVX512 static void pack(const float* from, std::int64_t stride, bool along_depth, std::int64_t width,
                             std::int64_t depth, std::int64_t group, float* to, bool rounded) {
    for (std::int64_t w = 0; w < group; w += 16) {
      const __mmask16 stored = detail::low_lanes(group - w), valid = detail::low_lanes(width - w);
      if (!along_depth) {
        for (std::int64_t d = 0; d < depth; ++d) {
          _mm_prefetch(reinterpret_cast<const char*>(from + (d + 8) * stride + w), _MM_HINT_T0);
          const __m512i elements = _mm512_maskz_loadu_epi32(valid, from + d * stride + w);
          _mm512_mask_storeu_epi32(to + d * group + w, stored, rounded ? round_to_bf16(elements) : elements);
        }
        continue;
      }
      for (std::int64_t d = 0; d < depth; d += 16) {
        const __mmask16 lanes = detail::low_lanes(depth - d);
        __m512i block[16];
        for (int i = 0; i < 16; ++i)
          _mm_prefetch(reinterpret_cast<const char*>(from + (w + i) * stride + d + 48), _MM_HINT_T0);
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          block[i] =
              w + i < width ? _mm512_maskz_loadu_epi32(lanes, from + (w + i) * stride + d) : _mm512_setzero_si512();
        if (rounded)
          for (__m512i& elements : block) elements = round_to_bf16(elements);
        detail::transpose_16x16(block);
        const std::int64_t count = std::min<std::int64_t>(16, depth - d);
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          if (i < count) _mm512_mask_storeu_epi32(to + (d + i) * group + w, stored, block[i]);
      }
    }
  }

  static void multiply(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                       std::int64_t row_step, std::int64_t k_step, const float* b, float* c, std::int64_t ldc, bool add,
                       const float* bias, GemmPrefetch& next) {
    if (row_step != 1 || k_step != packed_rows(height))
      return tile_in_place(width, depth, a, row_step, k_step, b, c, ldc, add, bias, next);
    detail::with_tile_rows(height,
                           [=, &next]<int Rows>() { tile<Rows>(height, width, depth, a, b, c, ldc, add, bias, next); });
  }

 private:
  /// Sixteen float rounded to bfloat16, to even; NaN stays NaN.
  TL_AVX512 TL_INLINE static __m512i round_to_bf16(__m512i bits) {
    const __m512i even = _mm512_and_si512(_mm512_maskz_srli_epi32(0xffff, bits, 16), _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(even, _mm512_set1_epi32(0x7fff));
    const __mmask16 nan = _mm512_cmp_ps_mask(_mm512_castsi512_ps(bits), _mm512_castsi512_ps(bits), _CMP_UNORD_Q);
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const __m512i rounded = _mm512_mask_mov_epi32(_mm512_add_epi32(bits, half), nan, quiet);
    return _mm512_and_si512(rounded, _mm512_set1_epi32(static_cast<int>(0xffff0000u)));
  }

  /// One step along k: row[i] for all rows of A by 32 columns of B.
  template <int Rows, class Row>
  TL_AVX512 TL_INLINE static void add_products(detail::Avx512Tile<Rows>& sum, const Row& row, const float* b) {
    const __m512 left = _mm512_load_ps(b), right = _mm512_load_ps(b + 16);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const __m512 x = _mm512_set1_ps(row[i]);
      sum[i][0] = _mm512_fmadd_ps(x, left, sum[i][0]);
      sum[i][1] = _mm512_fmadd_ps(x, right, sum[i][1]);
    }
  }

  template <int Rows>
  TL_AVX512 static void tile(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                             const float* b, float* c, std::int64_t ldc, bool add, const float* bias,
                             GemmPrefetch& next) {
    detail::Avx512Tile<Rows> sum;
    detail::begin_tile<Rows>(sum);
    detail::Avx512Fetch<Rows> fetch(depth, c, ldc, next);
    for (std::int64_t d = 0; d < depth;) {
      fetch.some();
      for (const std::int64_t end = std::min(depth, d + fetch.steps); d < end; ++d, a += Rows, b += columns) {
        detail::fetch_ahead<Rows>(a, b);
        add_products<Rows>(sum, a, b);
      }
    }
    detail::finish_tile<Rows>(sum, height, width, c, ldc, add, bias);
  }

  /// A tile of 14 rows that are not packed. What comes next is fetched at once: spread over the steps it made such
  /// tiles a fifth slower (measured on a Xeon), where it makes others faster.
  TL_AVX512 static void tile_in_place(std::int64_t width, std::int64_t depth, const float* a, std::int64_t row_step,
                                      std::int64_t k_step, const float* b, float* c, std::int64_t ldc, bool add,
                                      const float* bias, GemmPrefetch& next) {
    next.fetch_part(1);
    detail::Avx512Tile<rows> sum;
    detail::begin_tile<rows>(sum);
    for (std::int64_t i = 0; i < rows; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(c + i * ldc), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c + i * ldc + 16), _MM_HINT_T0);
    }
    GemmStripRows<rows> row(a, row_step, k_step);
    for (std::int64_t d = 0; d < depth; ++d, row.step(), b += columns) {
      if (d % 16 == 0 && k_step == 1) row.fetch_strip_below();
      add_products<rows>(sum, row, b);
    }
    detail::finish_tile<rows>(sum, rows, width, c, ldc, add, bias);
  }
};

/// Operands rounded to bfloat16 while they are packed, in pairs along k; products and sums in float. Subnormal operands
/// count as zero.
struct GemmAvx512Bf16 {
  static constexpr std::int64_t rows = 14, columns = 32, depth_step = 2, max_depth = 1024, max_panels = 3;

  static constexpr std::int64_t packed_rows(std::int64_t count) { return detail::tile_rows(count); }

  TL_AVX512_BF16 static void pack(const float* from, std::int64_t stride, bool along_depth, std::int64_t width,
                                  std::int64_t depth, std::int64_t group, float* to, bool) {
    alignas(64) static constexpr std::int16_t order[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                           21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                           11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i interleave = _mm512_load_si512(order);
    for (std::int64_t w = 0; w < group; w += 16) {
      const __mmask16 stored = detail::low_lanes(group - w), valid = detail::low_lanes(width - w);
      if (!along_depth) {
        for (std::int64_t d = 0; d < depth; d += 2) {
          const float* const pair = from + d * stride + w;
          _mm_prefetch(reinterpret_cast<const char*>(pair + 8 * stride), _MM_HINT_T0);
          _mm_prefetch(reinterpret_cast<const char*>(pair + 9 * stride), _MM_HINT_T0);
          const __m512 first = _mm512_maskz_loadu_ps(valid, pair);
          const __m512 second = d + 1 < depth ? _mm512_maskz_loadu_ps(valid, pair + stride) : _mm512_setzero_ps();
          const auto both = (__m512i)_mm512_cvtne2ps_pbh(second, first);
          _mm512_mask_storeu_epi32(to + d / 2 * group + w, stored,
                                   _mm512_maskz_permutexvar_epi16(0xffffffff, interleave, both));
        }
        continue;
      }
      for (std::int64_t d = 0; d < depth; d += 32) {
        const __mmask16 first = detail::low_lanes(depth - d), second = detail::low_lanes(depth - d - 16);
        __m512i block[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
          const float* const row = from + (w + i) * stride + d;
          _mm_prefetch(reinterpret_cast<const char*>(row + 64), _MM_HINT_T0);
          _mm_prefetch(reinterpret_cast<const char*>(row + 80), _MM_HINT_T0);
          block[i] = w + i < width ? (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(second, row + 16),
                                                                  _mm512_maskz_loadu_ps(first, row))
                                   : _mm512_setzero_si512();
        }
        detail::transpose_16x16(block);
        const std::int64_t count = std::min<std::int64_t>(16, (depth - d + 1) / 2);
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          if (i < count) _mm512_mask_storeu_epi32(to + (d / 2 + i) * group + w, stored, block[i]);
      }
    }
  }

  TL_AVX512_BF16 static void pack_bf16(const bfloat16* from, std::int64_t stride, std::int64_t width,
                                       std::int64_t depth, std::int64_t group, float* to) {
    for (std::int64_t w = 0; w < group; w += 16) {
      const __mmask16 stored = detail::low_lanes(group - w), valid = detail::low_lanes(width - w);
      for (std::int64_t d = 0; d < depth; d += 2) {
        const bfloat16* const pair = from + d * stride + w;
        _mm_prefetch(reinterpret_cast<const char*>(pair + 8 * stride), _MM_HINT_T0);
        _mm_prefetch(reinterpret_cast<const char*>(pair + 9 * stride), _MM_HINT_T0);
        const __m256i first = _mm256_maskz_loadu_epi16(valid, pair);
        const __m256i second = d + 1 < depth ? _mm256_maskz_loadu_epi16(valid, pair + stride) : _mm256_setzero_si256();
        const __m512i low = _mm512_maskz_cvtepu16_epi32(0xffff, first);
        const __m512i high = _mm512_maskz_slli_epi32(0xffff, _mm512_maskz_cvtepu16_epi32(0xffff, second), 16);
        _mm512_mask_storeu_epi32(to + d / 2 * group + w, stored, _mm512_or_si512(low, high));
      }
    }
  }

  /// A is packed.
  static void multiply(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a, std::int64_t,
                       std::int64_t, const float* b, float* c, std::int64_t ldc, bool add, const float* bias,
                       GemmPrefetch& next) {
    detail::with_tile_rows(height,
                           [=, &next]<int Rows>() { tile<Rows>(height, width, depth, a, b, c, ldc, add, bias, next); });
  }

 private:
  template <int Rows>
  TL_AVX512_BF16 static void tile(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                                  const float* b, float* c, std::int64_t ldc, bool add, const float* bias,
                                  GemmPrefetch& next) {
    detail::Avx512Tile<Rows> sum;
    detail::begin_tile<Rows>(sum);
    detail::Avx512Fetch<Rows> fetch(depth, c, ldc, next);
    for (std::int64_t d = 0; d < depth;) {
      fetch.some();
      for (const std::int64_t end = std::min(depth, d + fetch.steps); d < end; ++d, a += Rows, b += columns) {
        detail::fetch_ahead<Rows>(a, b);
        const auto left = (__m512bh)_mm512_load_si512(b), right = (__m512bh)_mm512_load_si512(b + 16);
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
          const auto x = (__m512bh)_mm512_castps_si512(_mm512_set1_ps(a[i]));
          sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, left);
          sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, right);
        }
      }
    }
    detail::finish_tile<Rows>(sum, height, width, c, ldc, add, bias);
  }
};

}  // namespace tl::cpu

#endif
