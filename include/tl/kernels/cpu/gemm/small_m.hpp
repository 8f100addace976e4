// C = A B^T + bias for a small m, an A of few rows: a single text, or the first tokens of a batch. There the time goes
// into reading B, a weight, and packing it would cost as much as the product. So B is read in place, a few of its rows
// side by side, and A is packed instead; what comes out is C transposed, tile by tile. Every element is the same sum,
// in the same order, as that of BlockedGemm with the same instruction set: the same bits.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/core/parallel.hpp>
#include <tl/kernels/cpu/gemm/args.hpp>
#include <tl/kernels/cpu/gemm/blocked.hpp>
#include <tl/kernels/cpu/scratch.hpp>

namespace tl::cpu {

/// What the loops need to know of a micro-kernel for small m.
struct SmallMKernel {
  std::int64_t rows;   ///< of B that it multiplies at once
  std::int64_t lanes;  ///< of a register; it fills one or two of them with rows of A
  /// Whether it is faster than packing B for an A of m rows.
  bool (*suits)(std::int64_t m);
  /// The tile of C that `height` rows of A and `width` rows of B make: A is packed, one or two registers for each k; k
  /// is summed up in blocks of `depth`. The rows of B after these are fetched, for the next tile.
  void (*multiply)(bool two_registers, std::int64_t height, std::int64_t width, std::int64_t k, std::int64_t depth,
                   const float* packed, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
                   const float* bias);
  const GemmKernel& blocked;  ///< whose packing it shares, and whose bits
};

/// The micro-kernel that `Kernel` describes, beside BlockedGemm's `Blocked`.
template <class Kernel, class Blocked>
inline constexpr SmallMKernel small_m_kernel = {Kernel::rows, Kernel::lanes, Kernel::suits, Kernel::multiply,
                                                gemm_kernel<Blocked>};

/// The matrix product with a micro-kernel for small m, see gemm().
class SmallMGemm {
 public:
  SmallMGemm(const SmallMKernel& kernel, const GemmArgs<float>& g)
      : kernel_(kernel),
        m_(g.m),
        n_(g.n),
        k_(g.k),
        a_(g.a),
        lda_(g.lda),
        b_(g.b.own()),
        ldb_(g.ldb),
        c_(g.c),
        ldc_(g.ldc),
        bias_(g.bias) {
    const std::int64_t blocks = std::max<std::int64_t>(1, ceil_div(k_, kernel.blocked.max_depth));
    depth_ = std::max<std::int64_t>(1, ceil_div(k_, blocks));  // as BlockedGemm cuts k
  }

  void run() {
    if (m_ <= 0 || n_ <= 0) return;
    const std::int64_t group = 2 * kernel_.lanes;
    thread_local Scratch<float> memory;
    packed_ = memory.get(ceil_div(m_, group) * group * std::max<std::int64_t>(k_, 1));
    parallel_for(k_, pack_grain, [this, group](std::int64_t begin, std::int64_t end) {
      for (std::int64_t first = 0; first < m_; first += group)
        kernel_.blocked.pack(a_ + first * lda_ + begin, lda_, true, std::min(group, m_ - first), end - begin,
                             lanes_of(first), packed_ + first * k_ + begin * lanes_of(first), false);
    });
    const std::int64_t strips = ceil_div(n_, kernel_.rows);
    const std::int64_t threads = num_threads(), tasks = ceil_div(strips, most_strips);
    const std::int64_t grain = ceil_div(strips, std::max(4 * threads, ceil_div(tasks, threads) * threads));
    parallel_for(strips, grain, [this, group](std::int64_t begin, std::int64_t end) {
      for (std::int64_t strip = begin; strip < end; ++strip) {
        const std::int64_t j = strip * kernel_.rows, width = std::min(kernel_.rows, n_ - j);
        for (std::int64_t first = 0; first < m_; first += group)
          kernel_.multiply(lanes_of(first) == group, std::min(group, m_ - first), width, k_, depth_,
                           packed_ + first * k_, b_ + j * ldb_, ldb_, c_ + first * ldc_ + j, ldc_,
                           bias_ ? bias_ + j : nullptr);
      }
    });
  }

 private:
  static constexpr std::int64_t pack_grain = 192;  // along k
  static constexpr std::int64_t most_strips = 16;  // for a task

  static constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

  /// How many lanes the rows of A from `first` on take: the last ones may need one register only.
  std::int64_t lanes_of(std::int64_t first) const {
    return m_ - first <= kernel_.lanes ? kernel_.lanes : 2 * kernel_.lanes;
  }

  const SmallMKernel& kernel_;
  std::int64_t m_, n_, k_;
  const float* a_;
  std::int64_t lda_;
  const float* b_;
  std::int64_t ldb_;
  float* c_;
  std::int64_t ldc_;
  const float* bias_;
  std::int64_t depth_;
  float* packed_ = nullptr;
};

}  // namespace tl::cpu
