// What a micro-kernel of the matrix product is given besides its panel of B: a strip of A, and what to fetch meanwhile.
#pragma once

#include <cstdint>

#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

/// The elements of `Rows` rows at one d: element (i, d) is at a[i * row_step + d * k_step]. Packed rows are
/// side by side, others as the matrix is stored. Every third row has a pointer of its own and the two after it are
/// addressed by the step: so many pointers fit into registers.
template <int Rows> class GemmStripRows {
 public:
  TL_INLINE GemmStripRows(const float* a, std::int64_t row_step, std::int64_t k_step)
      : row_step_(row_step), k_step_(k_step) {
#pragma GCC unroll 8
    for (int i = 0; i < pointers; ++i) at_[i] = a + 3 * i * row_step_;
  }

  TL_INLINE float operator[](int i) const { return at_[i / 3][i % 3 * row_step_]; }

  /// To the next d.
  TL_INLINE void step() {
#pragma GCC unroll 8
    for (int i = 0; i < pointers; ++i) at_[i] += k_step_;
  }

  /// Fetches the lines that the strip below holds at this d.
  TL_INLINE void fetch_strip_below() const {
    for (int i = 0; i < Rows; ++i) __builtin_prefetch(at_[i / 3] + (i % 3 + Rows) * row_step_);
  }

 private:
  static constexpr int pointers = (Rows + 2) / 3;
  const float* at_[pointers];
  std::int64_t row_step_, k_step_;
};

/// A block of a matrix that will be packed later, or read packed: its lines are brought into the second-level cache, a
/// few at a time, so that what the product is reading meanwhile need not wait for them.
class GemmPrefetch {
 public:
  GemmPrefetch() = default;
  template <class Element>
  GemmPrefetch(const Element* first, std::int64_t stride, std::int64_t rows, std::int64_t width)
      : row_(reinterpret_cast<const char*>(first)),
        stride_(stride * size<Element>),
        rows_(rows),
        width_(width * size<Element>) {}

  /// To be fetched while `tiles` tiles of C are made.
  void spread_over(std::int64_t tiles) { lines_of_tile_ = (rows_ * ((width_ + line - 1) / line) + tiles - 1) / tiles; }

  /// Fetches the next lines: a tile's share in `parts` calls.
  void fetch_part(std::int64_t parts) {
    for (due_ += lines_of_tile_; due_ >= parts && rows_ > 0; due_ -= parts) {
      __builtin_prefetch(row_ + at_, 0, 2);
      at_ += line;
      if (at_ < width_) continue;
      at_ = 0;
      row_ += stride_;
      --rows_;
    }
  }

 private:
  static constexpr std::int64_t line = 64;
  template <class Element> static constexpr auto size = static_cast<std::int64_t>(sizeof(Element));
  const char* row_ = nullptr;
  std::int64_t stride_ = 0, rows_ = 0, width_ = 0, at_ = 0;  // in bytes, but for rows_
  std::int64_t lines_of_tile_ = 0, due_ = 0;                 // due_: of the tile's lines times its parts
};

}  // namespace tl::cpu
