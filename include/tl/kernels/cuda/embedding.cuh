// Embedding on the GPU. Backward a thread adds one column of the rows of a group in their order, as on the CPU and with
// its bits; a group is the work of few threads, and no two groups write the same row of the table.
#pragma once

#include <cstdint>
#include <limits>

#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/embedding.hpp>

namespace tl::cuda {

inline constexpr int embedding_threads = 256;
inline constexpr int group_threads = 128;

/// A row of a table, or NaN where the id is outside of it.
template <class T>
__device__ T embedding_value(const T* table, std::int64_t rows, std::int32_t id, std::int64_t d, std::int64_t column) {
  if (id < 0 || id >= rows) return std::numeric_limits<T>::quiet_NaN();
  return table[id * d + column];
}

template <class T> static __global__ void embedding_forward_kernel(kernels::EmbeddingForward<T> p) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * embedding_threads + threadIdx.x;
  if (i < p.n * p.d) p.y[i] = embedding_value(p.table, p.v, p.ids[i / p.d], p.d, i % p.d);
}

/// to[ids[g]] += from[row] for the rows of each group g, in their order, where `to` has `to_rows` rows of d columns and
/// `from` n.
template <class T>
static __global__ void add_groups_kernel(kernels::GroupedRows groups, const T* from, std::int64_t n, std::int64_t d,
                                         T* to, std::int64_t to_rows) {
  const std::int64_t parts = (d + group_threads - 1) / group_threads, group = blockIdx.x / parts;
  const std::int64_t column = blockIdx.x % parts * group_threads + threadIdx.x;
  const std::int32_t id = groups.ids[group];
  if (column >= d || id < 0 || id >= to_rows) return;
  T sum = to[id * d + column];
  for (std::int32_t i = groups.begin[group]; i < groups.begin[group + 1]; ++i) {
    const std::int32_t row = groups.rows[i];
    if (row >= 0 && row < n) sum += from[row * d + column];
  }
  to[id * d + column] = sum;
}

template <class T>
static void add_groups(const char* operation, const kernels::GroupedRows& groups, const T* from, std::int64_t n,
                       std::int64_t d, T* to, std::int64_t to_rows) {
  launch(Launch{.operation = operation,
                .shape = {n, d},
                .blocks = groups.count * blocks_for(d, group_threads),
                .threads = group_threads},
         add_groups_kernel<T>, groups, from, n, d, to, to_rows);
}

template <class T> static void embedding_forward(const kernels::EmbeddingForward<T>& p) {
  launch(Launch{.operation = p.name,
                .shape = {p.n, p.d},
                .blocks = blocks_for(p.n * p.d, embedding_threads),
                .threads = embedding_threads},
         embedding_forward_kernel<T>, p);
}

template <class T> static void embedding_backward(const kernels::EmbeddingBackward<T>& p) {
  add_groups(p.name, p.groups, p.dy, p.n, p.d, p.dtable, p.v);
}

[[maybe_unused]] static const bool embedding_registered = [] {
  kernels::provide_cuda(&embedding_forward<float>, &embedding_forward<double>, &embedding_backward<float>,
                        &embedding_backward<double>);
  return true;
}();

}  // namespace tl::cuda
