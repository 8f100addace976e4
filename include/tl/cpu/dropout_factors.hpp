// The factors of kernels/dropout_mask.hpp for one row, sixteen Philox counters at a time.
#pragma once

#include <cstdint>

#include <tl/cpu/vector_loops.hpp>
#include <tl/kernels/dropout_mask.hpp>

namespace tl::cpu {

/// Writes the dropout factors of row `row` of `mask` to out [width]: 0 or mask.scale().
template <class T>
TL_INLINE inline void dropout_factors(const kernels::DropoutMask& mask, std::int64_t row, std::int64_t width, T* out) {
  mask.factors(mask.row_sequence(row), mask.row_position(row), width, static_cast<T>(mask.scale()), out);
}

}  // namespace tl::cpu
