// C = A B^T + bias for an A of few rows, with AVX-512: a single text, or the first tokens of a batch. There the time
// goes into reading B, a weight, and packing it would cost as much as the product. So B is read as it lies, eight of
// its rows side by side, and A is packed instead; what comes out is C transposed, tile by tile. Every element is the
// same sum, in the same order, as that of BlockedGemm with GemmAvx512: the same bits.
#pragma once

#include <tl/cpu/gemm_avx512.hpp>

#ifdef TL_X86_64

#include <algorithm>
#include <cstdint>

#include <tl/core/parallel.hpp>
#include <tl/cpu/scratch.hpp>

namespace tl::cpu {

class GemmFewRows {
 public:
  /// Whether this is faster than packing B for an A of m rows: one register of 16 of them, or several that are rather
  /// full.
  static constexpr bool suits(std::int64_t m) {
    const std::int64_t rest = m % 32;
    return m <= 32 || (m <= 96 && (rest == 0 || (rest >= 10 && rest <= 16) || rest >= 20));
  }

  GemmFewRows(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, const float* b,
              std::int64_t ldb, float* c, std::int64_t ldc, const float* bias)
      : m_(m), n_(n), k_(k), b_(b), ldb_(ldb), c_(c), ldc_(ldc), bias_(bias), a_(a), lda_(lda) {
    const std::int64_t blocks = std::max<std::int64_t>(1, ceil_div(k, GemmAvx512::max_depth));
    depth_ = std::max<std::int64_t>(1, ceil_div(k, blocks));  // as BlockedGemm cuts k
  }

  void run() {
    if (m_ <= 0 || n_ <= 0) return;
    const std::int64_t groups = ceil_div(m_, lanes);
    thread_local Scratch<float> memory;
    packed_ = memory.get(groups * lanes * std::max<std::int64_t>(k_, 1));
    parallel_for(k_, pack_grain, [this](std::int64_t begin, std::int64_t end) {
      for (std::int64_t first = 0; first < m_; first += lanes)
        GemmAvx512::pack(a_ + first * lda_ + begin, lda_, true, std::min(lanes, m_ - first), end - begin,
                         lanes_of(first), packed_ + first * k_ + begin * lanes_of(first));
    });
    const std::int64_t strips = ceil_div(n_, rows);
    const std::int64_t threads = num_threads(), tasks = ceil_div(strips, most_strips);
    const std::int64_t grain = ceil_div(strips, std::max(4 * threads, ceil_div(tasks, threads) * threads));
    parallel_for(strips, grain, [this](std::int64_t begin, std::int64_t end) {
      for (std::int64_t strip = begin; strip < end; ++strip)
        for (std::int64_t first = 0; first < m_; first += lanes) {
          if (lanes_of(first) == 16) tile<1>(strip * rows, first);
          else tile<2>(strip * rows, first);
        }
    });
  }

 private:
  static constexpr int rows = 8;                   // of B; more would need more addresses than there are registers
  static constexpr std::int64_t lanes = 32;        // rows of A that are computed together
  static constexpr std::int64_t pack_grain = 192;  // along k
  static constexpr std::int64_t most_strips = 16;  // for a task

  /// How many lanes the rows of A from `first` on take: the last ones may need one register only.
  std::int64_t lanes_of(std::int64_t first) const { return m_ - first <= 16 ? 16 : lanes; }

  static constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

  /// Columns [j, j + 8) of C for the rows of A from `above` on, in `Vectors` registers.
  template <int Vectors> TL_AVX512 void tile(std::int64_t j, std::int64_t above) const {
    const std::int64_t width = std::min<std::int64_t>(rows, n_ - j);
    const float* row[rows];
    for (int i = 0; i < rows; ++i) row[i] = b_ + (j + std::min<std::int64_t>(i, width - 1)) * ldb_;
    const float* packed = packed_ + above * k_;
    __m512 total[rows][Vectors];
    for (auto& line : total)
      for (auto& value : line) value = _mm512_setzero_ps();
    for (std::int64_t k0 = 0; k0 < k_; k0 += depth_) {
      const std::int64_t end = std::min(k_, k0 + depth_);
      __m512 sum[rows][Vectors];
#pragma GCC unroll 8
      for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_setzero_ps();
      for (std::int64_t d = k0; d < end; ++d, packed += 16 * Vectors) {
        if (d % 16 == 0)  // the rows of the next strip: the processor itself foresees only the rest of a row
          for (int i = 0; i < rows; ++i)
            _mm_prefetch(reinterpret_cast<const char*>(row[i] + rows * ldb_ + d), _MM_HINT_T0);
        __m512 a[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) a[v] = _mm512_load_ps(packed + 16 * v);
#pragma GCC unroll 8
        for (int i = 0; i < rows; ++i) {
          const __m512 b = _mm512_set1_ps(row[i][d]);
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_fmadd_ps(b, a[v], sum[i][v]);
        }
      }
      for (int i = 0; i < rows; ++i)
        for (int v = 0; v < Vectors; ++v) total[i][v] = _mm512_add_ps(sum[i][v], total[i][v]);
    }
    const __mmask16 stored = detail::low_lanes(width);
    for (int v = 0; v < Vectors; ++v) {
      __m512i block[16];
      for (int i = 0; i < rows; ++i) {
        const float shift = bias_ && i < width ? bias_[j + i] : 0.0F;
        block[i] = _mm512_castps_si512(_mm512_add_ps(total[i][v], _mm512_set1_ps(shift)));
        block[i + rows] = _mm512_setzero_si512();
      }
      detail::transpose_16x16(block);
      const std::int64_t first = above + 16 * v, count = std::min<std::int64_t>(16, m_ - first);
      for (int i = 0; i < 16; ++i)
        if (i < count) _mm512_mask_storeu_epi32(c_ + (first + i) * ldc_ + j, stored, block[i]);
    }
  }

  std::int64_t m_, n_, k_;
  const float* b_;
  std::int64_t ldb_;
  float* c_;
  std::int64_t ldc_;
  const float* bias_;
  const float* a_;
  std::int64_t lda_, depth_;
  float* packed_ = nullptr;
};

}  // namespace tl::cpu

#endif
