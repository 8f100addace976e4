// Rows read by number and their gradients added back, for embeddings and gather_rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/embedding.hpp>

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

/// to[ids[g]] += from[row] for the rows of each group g, in their order. Groups are shared out to threads, and so are
/// the columns of each, because token types have two groups of many rows.
template <class T> void add_groups(const T* from, const kernels::GroupedRows& groups, T* to, std::int64_t width) {
  constexpr std::int64_t columns = 128;
  const std::int64_t parts = (width + columns - 1) / columns, tasks = groups.count * parts;
  parallel_for(tasks, std::max<std::int64_t>(1, tasks / 64), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / parts, column = task % parts * columns;
      T* const target = to + groups.ids[group] * width + column;
      for (std::int32_t i = groups.begin[group]; i < groups.begin[group + 1]; ++i) {
        const T* const source = from + groups.rows[i] * width + column;
        vector_loop(std::min(columns, width - column), [=](std::int64_t c) TL_INLINE { target[c] += source[c]; });
      }
    }
  });
}

}  // namespace tl::cpu
