// The rows of A that a micro-kernel multiplies at once.
#pragma once

#include <cstdint>

#include <tl/cpu/vector_loops.hpp>

namespace tl::cpu {

/// The elements of `Rows` rows at one d: element (i, d) stands at a[i * row_step + d * k_step]. Packed rows lie
/// side by side, others as the matrix is stored. Every third row has a pointer of its own and the two behind it are
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

}  // namespace tl::cpu
