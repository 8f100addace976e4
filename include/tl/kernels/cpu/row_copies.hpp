// Rows read by number and their gradients added back, for embedding and gather_rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

/// to[i] = from[rows[i]] for i in [0, count), rows of `width` elements.
template <class T>
void copy_rows(const T* from, const std::int32_t* rows, T* to, std::int64_t count, std::int64_t width) {
  parallel_for(count, row_grain(width), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) std::copy_n(from + rows[i] * width, width, to + i * width);
  });
}

/// to[rows[i]] += from[i] for i = 0, 1, ... count - 1. Threads share out the columns, so that every row gets its sums
/// in the order of i and nothing has to be sorted.
template <class T>
void add_to_rows(const T* from, const std::int32_t* rows, T* to, std::int64_t count, std::int64_t width) {
  parallel_for(width, 128, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < count; ++i) {
      const T* const source = from + i * width + begin;
      T* const target = to + rows[i] * width + begin;
      vector_loop(end - begin, [=](std::int64_t c) TL_INLINE { target[c] += source[c]; });
    }
  });
}

}  // namespace tl::cpu
