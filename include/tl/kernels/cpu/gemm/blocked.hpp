// The loops around a micro-kernel. A task makes some columns of C, as a rule for all rows: it packs its panels of B
// (or takes them from a cache), a block of k at a time, which then stay in the second-level cache while A passes
// by them, a strip of rows after the other. These are read in place where that is possible and faster, and packed, too,
// where it is not. Every element of C is a sum over k in ascending order, cut into blocks that depend on k only; how C
// is cut into tasks does not change a bit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <tl/core/cpu_features.hpp>
#include <tl/core/dtype.hpp>
#include <tl/core/parallel.hpp>
#include <tl/kernels/cpu/gemm/args.hpp>
#include <tl/kernels/cpu/gemm/strip.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/packed_weight_cache.hpp>

namespace tl::cpu {

/// A row-major matrix as stored, and whether the product uses its transpose.
struct GemmOperand {
  const float* values;
  std::int64_t stride;
  bool transposed;
  const bfloat16* rounded = nullptr;  ///< the elements, if they are stored in bfloat16: B only, and not transposed
};

/// What the loops need to know of a micro-kernel. Packed elements have the size of a float.
struct GemmKernel {
  std::int64_t rows, columns;  ///< of its tile of C
  std::int64_t depth_step;     ///< how many k one packed element holds: 1, or 2 in bfloat16
  std::int64_t max_depth;      ///< of a block of k
  std::int64_t max_panels;     ///< of B, max_depth deep: with what passes by they fit into the second-level cache
  /// The smallest tile height >= r that it has, for r <= rows.
  std::int64_t (*packed_rows)(std::int64_t r);
  /// to[d * group + w] = element (w, d) for w < group, d < depth, zero for w >= width; rounded to bfloat16 if
  /// `rounded`.
  void (*pack)(const float* from, std::int64_t stride, bool along_depth, std::int64_t width, std::int64_t depth,
               std::int64_t group, float* to, bool rounded);
  /// pack() along the other direction for a matrix in bfloat16.
  void (*pack_bf16)(const bfloat16* from, std::int64_t stride, std::int64_t width, std::int64_t depth,
                    std::int64_t group, float* to);
  /// The tile C = A B, or C += A B, then + bias if not null, for so many rows and columns. Element (i, d) of A is
  /// at a[i * row_step + d * k_step]: (1, packed_rows(height)) if packed, else height == rows. A tile's share of `next`
  /// is fetched on the way. Plain arguments for the rest, no structure: one that is stored in parts and loaded whole
  /// would wait here until C is written.
  void (*multiply)(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a, std::int64_t row_step,
                   std::int64_t k_step, const float* b, float* c, std::int64_t ldc, bool add, const float* bias,
                   GemmPrefetch& next);
};

/// The micro-kernel that `Kernel` describes.
template <class Kernel>
inline constexpr GemmKernel gemm_kernel = {Kernel::rows,      Kernel::columns,    Kernel::depth_step,
                                           Kernel::max_depth, Kernel::max_panels, Kernel::packed_rows,
                                           Kernel::pack,      Kernel::pack_bf16,  Kernel::multiply};

/// The matrix product with a micro-kernel, see gemm().
class BlockedGemm {
 public:
  /// `always_pack_a`: A is never read in place, which is a question of speed alone.
  BlockedGemm(const GemmKernel& kernel, const GemmArgs<float>& g, bool always_pack_a)
      : kernel_(kernel),
        m_(g.m),
        n_(g.n),
        k_(g.k),
        a_{g.a, g.lda, g.transpose_a},
        b_{g.b.own(), g.ldb, g.transpose_b, g.b.bf16()},
        c_(g.c),
        ldc_(g.ldc),
        accumulate_(g.accumulate),
        bias_(g.bias),
        rounded_(g.precision == Precision::bf16),
        always_pack_a_(always_pack_a),
        cached_b_(rounded_ ? g.packed : nullptr) {
    const std::int64_t blocks = std::max<std::int64_t>(1, ceil_div(k_, kernel.max_depth));
    depth_ = std::max<std::int64_t>(1, packed_depth(ceil_div(k_, blocks))) * kernel.depth_step;
    strips_ = ceil_div(m_, kernel_.rows);
    panels_ = ceil_div(n_, kernel_.columns);
    const std::int64_t tail = m_ - (strips_ - 1) * kernel_.rows, tail_rows = kernel_.packed_rows(tail);
    // A last strip of fewer rows is packed, with zeros after them if the tile is higher.
    if (reads_a_in_place()) first_packed_ = tail == kernel_.rows ? strips_ : strips_ - 1;
    packed_m_ = (strips_ - 1 - first_packed_) * kernel_.rows + tail_rows;
  }

  void run() {
    if (m_ <= 0 || n_ <= 0) return;
    if (cached_b_) all_packed_b_ = cached_b_->get_or_pack([this] { return packed_b(); });
    const std::int64_t block = std::max<std::int64_t>(1, packed_m_ * packed_depth(depth_));
    const std::int64_t pass = depth_ * std::max<std::int64_t>(1, max_packed_a / block);
    for (std::int64_t begin = 0; begin == 0 || begin < k_; begin += pass) run_pass(begin, std::min(k_, begin + pass));
  }

 private:
  static constexpr std::int64_t min_strips = 4;                        // of a task
  static constexpr std::int64_t max_packed_a = std::int64_t{2} << 20;  // 8 MiB, which stay in the third-level cache

  /// Adds the product of columns [k_begin, k_end) of A and these rows of B.
  void run_pass(std::int64_t k_begin, std::int64_t k_end) {
    if (first_packed_ < strips_) pack_a(k_begin, k_end);
    const std::int64_t threads = num_threads(), wanted = 4 * threads;
    const std::int64_t most_panels = std::clamp<std::int64_t>(panels_ / wanted, 1, kernel_.max_panels);
    const auto panels_of_thread = [&](std::int64_t panels) {
      return ceil_div(ceil_div(panels_, panels), threads) * panels;
    };
    std::int64_t task_panels = most_panels;  // or fewer, if the threads then end closer together
    for (std::int64_t fewer = most_panels - 1; 2 * fewer > most_panels; --fewer)
      if (panels_of_thread(fewer) < panels_of_thread(task_panels)) task_panels = fewer;
    const std::int64_t columns = ceil_div(panels_, task_panels);
    const std::int64_t most_strips = std::clamp(strips_ * columns / wanted, std::min(min_strips, strips_), strips_);
    const std::int64_t task_strips = ceil_div(strips_, ceil_div(strips_, most_strips));
    const std::int64_t rows = ceil_div(strips_, task_strips);
    parallel_for(rows * columns, 1, [&](std::int64_t task, std::int64_t) {
      const std::int64_t strip = task / columns * task_strips, panel = task % columns * task_panels;
      tile({strip, std::min(strips_, strip + task_strips)}, {panel, std::min(panels_, panel + task_panels)},
           {k_begin, k_end});
    });
  }

  static constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
  std::int64_t packed_depth(std::int64_t depth) const {  // depth_step is 1 or 2
    return kernel_.depth_step == 1 ? depth : (depth + 1) / 2;
  }

  template <int which> static Scratch<float>& scratch() {
    thread_local Scratch<float> memory;
    return memory;
  }

  std::int64_t strip_rows(std::int64_t strip) const {
    return std::min<std::int64_t>(kernel_.rows, m_ - strip * kernel_.rows);
  }

  /// Packed A of one strip and one block of k: block by block, strip by strip from first_packed_ on.
  float* packed_strip(std::int64_t strip, std::int64_t k0, std::int64_t depth) const {
    return packed_a_ + packed_depth(k0 - packed_k_) * packed_m_ +
           (strip - first_packed_) * kernel_.rows * packed_depth(depth);
  }

  /// Whether the micro-kernel reads A in place. Rows of the stored matrix a multiple of 4 KiB apart push each other
  /// out of the first-level cache.
  bool reads_a_in_place() const { return !rounded_ && a_.stride % 1024 != 0 && !always_pack_a_; }

  /// Packs columns [k_begin, k_end) of the strips of A that are not read in place.
  void pack_a(std::int64_t k_begin, std::int64_t k_end) {
    packed_k_ = k_begin;
    packed_a_ = scratch<0>().get(packed_m_ * packed_depth(std::max<std::int64_t>(k_end - k_begin, 1)));
    parallel_for(strips_ - first_packed_, 4, [&](std::int64_t begin, std::int64_t end) {
      begin += first_packed_, end += first_packed_;
      for (std::int64_t k0 = k_begin; k0 < k_end; k0 += depth_) {
        const std::int64_t depth = std::min(depth_, k_end - k0);
        for (std::int64_t strip = begin; strip < end; ++strip) {
          const std::int64_t i = strip * kernel_.rows;
          const float* from = a_.values + (a_.transposed ? k0 * a_.stride + i : i * a_.stride + k0);
          kernel_.pack(from, a_.stride, !a_.transposed, strip_rows(strip), depth,
                       kernel_.packed_rows(strip_rows(strip)), packed_strip(strip, k0, depth), rounded_);
        }
      }
    });
  }

  /// What will be packed of B for some panels and the block of k at k0; nothing if there are no such panels.
  GemmPrefetch panel_source(std::int64_t panel, std::int64_t panels, std::int64_t k0) const {
    const std::int64_t j = panel * kernel_.columns;
    if (j >= n_) return {};
    if (all_packed_b_) {
      const std::int64_t lines = std::min(panels, panels_ - panel) * packed_depth(depth_);
      return {all_packed_b_ + packed_panel(panel, k0), kernel_.columns, lines, kernel_.columns};
    }
    const std::int64_t columns = std::min(panels * kernel_.columns, n_ - j), depth = std::min(depth_, k_ - k0);
    if (b_.rounded) return {b_.rounded + k0 * b_.stride + j, b_.stride, depth, columns};
    if (b_.transposed) return {b_.values + j * b_.stride + k0, b_.stride, columns, depth};
    return {b_.values + k0 * b_.stride + j, b_.stride, depth, columns};
  }

  void pack_panel(std::int64_t panel, std::int64_t k0, std::int64_t depth, float* to) const {
    const std::int64_t j = panel * kernel_.columns, columns = std::min(kernel_.columns, n_ - j);
    if (b_.rounded)
      return kernel_.pack_bf16(b_.rounded + k0 * b_.stride + j, b_.stride, columns, depth, kernel_.columns, to);
    const float* const from = b_.values + (b_.transposed ? j * b_.stride + k0 : k0 * b_.stride + j);
    kernel_.pack(from, b_.stride, b_.transposed, columns, depth, kernel_.columns, to, rounded_);
  }

  /// Elements between two packed panels.
  std::int64_t panel_size() const { return kernel_.columns * packed_depth(depth_); }

  /// Where a panel of the block of k at k0 is in all of B packed, block by block.
  std::int64_t packed_panel(std::int64_t panel, std::int64_t k0) const {
    return (k0 / depth_ * panels_ + panel) * panel_size();
  }

  Tensor<float> packed_b() const {
    Tensor<float> packed = Tensor<float>::empty({ceil_div(k_, depth_) * panels_ * panel_size()});
    parallel_for(panels_, 1, [this, to = packed.data()](std::int64_t panel, std::int64_t) {
      for (std::int64_t k0 = 0; k0 < k_; k0 += depth_)
        pack_panel(panel, k0, std::min(depth_, k_ - k0), to + packed_panel(panel, k0));
    });
    return packed;
  }

  struct Range {
    std::int64_t begin, end;
    std::int64_t size() const { return end - begin; }
  };

  /// What a task does: the tiles of C where some strips and panels meet.
  void tile(Range strips, Range panels, Range k) const {
    float* const packing = all_packed_b_ ? nullptr : scratch<1>().get(panels.size() * panel_size());
    for (std::int64_t k0 = k.begin; k0 == k.begin || k0 < k.end; k0 += depth_) {
      const std::int64_t depth = std::min(depth_, k.end - k0);
      if (packing)
        for (std::int64_t panel = panels.begin; panel < panels.end; ++panel)
          pack_panel(panel, k0, depth, packing + (panel - panels.begin) * panel_size());
      const float* const packed_b = packing ? packing : all_packed_b_ + packed_panel(panels.begin, k0);
      // What this thread will pack next, or read packed, is fetched meanwhile.
      GemmPrefetch next = k0 + depth < k.end
                              ? panel_source(panels.begin, panels.size(), k0 + depth)
                              : panel_source(panels.begin + num_threads() * panels.size(), panels.size(), k.begin);
      next.spread_over(strips.size() * panels.size());
      for (std::int64_t strip = strips.begin; strip < strips.end; ++strip)
        for (std::int64_t panel = panels.begin; panel < panels.end; ++panel)
          multiply(strip, panel, k0, depth, packed_b + (panel - panels.begin) * panel_size(), next);
    }
  }

  /// The tile of C where a strip and a panel meet, for one block of k.
  void multiply(std::int64_t strip, std::int64_t panel, std::int64_t k0, std::int64_t depth, const float* packed_b,
                GemmPrefetch& next) const {
    const std::int64_t i = strip * kernel_.rows, rows = strip_rows(strip);
    const std::int64_t j = panel * kernel_.columns, columns = std::min(kernel_.columns, n_ - j);
    std::int64_t row_step = a_.transposed ? 1 : a_.stride, k_step = a_.transposed ? a_.stride : 1;
    const float* a = a_.values + i * row_step + k0 * k_step;
    if (strip >= first_packed_) a = packed_strip(strip, k0, depth), row_step = 1, k_step = kernel_.packed_rows(rows);
    const float* const bias = bias_ && k0 + depth >= k_ ? bias_ + j : nullptr;
    kernel_.multiply(rows, columns, packed_depth(depth), a, row_step, k_step, packed_b, c_ + i * ldc_ + j, ldc_,
                     accumulate_ || k0 > 0, bias, next);
  }

  const GemmKernel& kernel_;
  std::int64_t m_, n_, k_;
  GemmOperand a_, b_;
  float* c_;
  std::int64_t ldc_;
  bool accumulate_;
  const float* bias_;
  bool rounded_, always_pack_a_;
  kernels::PackedWeight* cached_b_;  // where B is packed by the first product; or null
  std::int64_t depth_, strips_, panels_;
  std::int64_t first_packed_ = 0;  // the strips before it are read in place
  std::int64_t packed_m_;
  std::int64_t packed_k_ = 0;  // the first k of packed_a_
  float* packed_a_ = nullptr;
  const float* all_packed_b_ = nullptr;  // all of B packed, or null
};

}  // namespace tl::cpu
