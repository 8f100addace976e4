// The backward pass of attention on the GPU: two passes that compute the scores again, one with the queries of a block
// for dq, one with its keys for dk and dv, so that each element is written by one block and nothing is added
// atomically.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <tl/kernels/attention.hpp>
#include <tl/kernels/cuda/attention_tile.cuh>
#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/tensor_attention_backward.cuh>
#include <tl/kernels/cuda/warp_rows.cuh>

namespace tl::cuda {

/// means [NQ, H]: the mean gradient of a row's probabilities, which softmax takes off: dout times out. A warp each.
template <class T> static __global__ void attention_means_kernel(kernels::AttentionBackward<T> p, T* means) {
  const std::int64_t index = row_of_warp();
  if (index >= p.n_q * p.heads) return;
  const std::int64_t first = index * p.head_width;
  T sum = 0;
  for (std::int64_t i = lane_of_warp(); i < p.head_width; i += warp_size)
    sum += load(p.dout, first + i) * load(p.out, first + i);
  sum = warp_sum(sum);
  if (lane_of_warp() == 0) means[index] = sum;
}

/// One head of one sequence.
template <class T> struct AttentionHead {
  SequenceRows queries, keys;
  std::int64_t first_column, row_width;
  HeadRows<T> q, k, v, dout;

  __device__ AttentionHead(const kernels::AttentionBackward<T>& p, const AttentionTask& task)
      : queries(rows_of_sequence(p.cu_q, task.sequence, p.n_q)),
        keys(rows_of_sequence(p.cu_k, task.sequence, p.n_k)),
        first_column(task.head * p.head_width),
        row_width(p.heads * p.head_width),
        q{p.q + queries.first * p.q_stride + first_column, p.q_stride, queries.count},
        k{p.k + keys.first * p.k_stride + first_column, p.k_stride, keys.count},
        v{p.v + keys.first * p.v_stride + first_column, p.v_stride, keys.count},
        dout{p.dout + queries.first * row_width + first_column, row_width, queries.count} {}
};

template <class T, int per_lane>
static __global__ void plain_attention_dq_kernel(kernels::AttentionBackward<T> p, AttentionGrid grid,
                                                 DropoutFactors<T> given_dropout, const T* means) {
  TL_SHARED(T, a_tile, attention_tile * attention_pitch);
  TL_SHARED(T, b_tile, attention_tile * attention_pitch);
  TL_SHARED(T, weight_tile, attention_tile * attention_tile);
  TL_SHARED(T, value_tile, attention_tile * per_lane * warp_size);
  const AttentionTiles<T> tiles{a_tile, b_tile, weight_tile, value_tile};
  if (blockIdx.x >= grid.tasks)
    return zero_rest(grid, p.dq, p.q_stride, p.heads * p.head_width, end_of_rows(p.cu_q, p.b, p.n_q), p.n_q);
  const DropoutFactors<T> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const AttentionHead<T> head(p, task);
  const int lane = static_cast<int>(threadIdx.x) % warp_size, warp = static_cast<int>(threadIdx.x) / warp_size;
  const T scale = static_cast<T>(p.scale);
  for (std::int64_t first = task.first_row; first < head.queries.count; first += grid.tiles * attention_tile) {
    const std::int64_t first_of_warp = first + warp * attention_rows;
    T sums[attention_rows][per_lane] = {};
    for (std::int64_t key = 0; key < head.keys.count; key += attention_tile) {
      T scores[attention_rows], dweights[attention_rows];
      row_products(head.q, first, head.k, key, p.head_width, tiles, scores);
      row_products(head.dout, first, head.v, key, p.head_width, tiles, dweights);
      const std::uint32_t drawn =
          dropout.kept_bits(static_cast<std::uint32_t>(key / 8 + lane % 4),
                            static_cast<std::uint32_t>(first_of_warp + lane / 4), task.mask_sequence);
      for (int r = 0; r < attention_rows; ++r) {
        const T factor = dropout.factor(__shfl_sync(full_warp, drawn, 4 * r + lane / 8), lane);
        const std::int64_t at = (head.queries.first + first_of_warp + r) * p.heads + task.head;
        const bool is_pair = first_of_warp + r < head.queries.count && key + lane < head.keys.count;
        const T probability = is_pair ? std::exp(scores[r] * scale - p.lse[at]) : T(0);
        scores[r] = is_pair ? probability * (dweights[r] * factor - means[at]) * scale : T(0);
      }
      put_weights(scores, tiles);
      add_weighted_rows(head.k, key, task.column, p.head_width, tiles, sums);
    }
    store_rows(sums, first_of_warp, head.queries.count, task.column, p.head_width,
               p.dq + head.queries.first * p.q_stride + head.first_column, p.q_stride);
  }
}

template <class T, int per_lane>
static __global__ void plain_attention_dkv_kernel(kernels::AttentionBackward<T> p, AttentionGrid grid,
                                                  DropoutFactors<T> given_dropout, const T* means) {
  TL_SHARED(T, a_tile, attention_tile * attention_pitch);
  TL_SHARED(T, b_tile, attention_tile * attention_pitch);
  TL_SHARED(T, weight_tile, attention_tile * attention_tile);
  TL_SHARED(T, value_tile, attention_tile * per_lane * warp_size);
  const AttentionTiles<T> tiles{a_tile, b_tile, weight_tile, value_tile};
  if (blockIdx.x >= grid.tasks) {
    const std::int64_t end = end_of_rows(p.cu_k, p.b, p.n_k), row_width = p.heads * p.head_width;
    zero_rest(grid, p.dk, p.k_stride, row_width, end, p.n_k);
    return zero_rest(grid, p.dv, p.v_stride, row_width, end, p.n_k);
  }
  const DropoutFactors<T> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const AttentionHead<T> head(p, task);
  const int lane = static_cast<int>(threadIdx.x) % warp_size, warp = static_cast<int>(threadIdx.x) / warp_size;
  const T scale = static_cast<T>(p.scale);
  for (std::int64_t first = task.first_row; first < head.keys.count; first += grid.tiles * attention_tile) {
    const std::int64_t first_of_warp = first + warp * attention_rows;
    T dk[attention_rows][per_lane] = {}, dv[attention_rows][per_lane] = {};
    for (std::int64_t query = 0; query < head.queries.count; query += attention_tile) {
      T weights[attention_rows], dweights[attention_rows];
      row_products(head.k, first, head.q, query, p.head_width, tiles, weights);
      row_products(head.v, first, head.dout, query, p.head_width, tiles, dweights);
      const bool is_query = query + lane < head.queries.count;
      const std::int64_t at = (head.queries.first + query + lane) * p.heads + task.head;
      const T lse = is_query ? p.lse[at] : T(0), mean = is_query ? means[at] : T(0);
      const std::uint32_t drawn = dropout.kept_bits(static_cast<std::uint32_t>(first_of_warp / 8),
                                                    static_cast<std::uint32_t>(query + lane), task.mask_sequence);
      for (int r = 0; r < attention_rows; ++r) {
        const T factor = dropout.factor(drawn, r);
        const T probability = is_query ? std::exp(weights[r] * scale - lse) : T(0);
        dweights[r] = probability * (dweights[r] * factor - mean) * scale;
        weights[r] = probability * factor;
      }
      put_weights(weights, tiles);
      add_weighted_rows(head.dout, query, task.column, p.head_width, tiles, dv);
      put_weights(dweights, tiles);
      add_weighted_rows(head.q, query, task.column, p.head_width, tiles, dk);
    }
    store_rows(dk, first_of_warp, head.keys.count, task.column, p.head_width,
               p.dk + head.keys.first * p.k_stride + head.first_column, p.k_stride);
    store_rows(dv, first_of_warp, head.keys.count, task.column, p.head_width,
               p.dv + head.keys.first * p.v_stride + head.first_column, p.v_stride);
  }
}

template <class T, int per_lane>
static void plain_attention_backward(const kernels::AttentionBackward<T>& p, const T* means) {
  const Shape shape{p.n_q, p.heads * p.head_width};
  const DropoutFactors<T> dropout(p.dropout);
  const AttentionGrid by_query(p.b, p.heads, p.head_width, p.max_q, p.n_q, per_lane * warp_size);
  launch(Launch{.operation = p.name, .shape = shape, .blocks = by_query.blocks(), .threads = attention_threads},
         plain_attention_dq_kernel<T, per_lane>, p, by_query, dropout, means);
  const AttentionGrid by_key(p.b, p.heads, p.head_width, p.max_k, p.n_k, per_lane * warp_size);
  launch(Launch{.operation = p.name, .shape = shape, .blocks = by_key.blocks(), .threads = attention_threads},
         plain_attention_dkv_kernel<T, per_lane>, p, by_key, dropout, means);
}

template <class T> static void attention_backward(const kernels::AttentionBackward<T>& p) {
  const Workspace<T> means(p.n_q * p.heads);
  launch(Launch{.operation = p.name,
                .shape = {p.n_q, p.heads * p.head_width},
                .blocks = blocks_for(p.n_q * p.heads, rows_per_block),
                .threads = row_threads},
         attention_means_kernel<T>, p, means.data());
  if constexpr (std::is_same_v<T, float>)
    if (tensor_attention_backward(p, means.data())) return;
  if (p.head_width <= warp_size) plain_attention_backward<T, 1>(p, means.data());
  else plain_attention_backward<T, 2>(p, means.data());
}

}  // namespace tl::cuda
