// The backward pass of attention on tensor cores: see tensor_tile.cuh. Two kernels, as in attention_backward.cuh, so
// that each element is written by one block: one whose rows are queries, for dq, and one whose rows are keys, for dk
// and dv.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <tl/kernels/attention.hpp>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/tensor_tile.cuh>

namespace tl::cuda {

/// One head of one sequence.
struct TensorHead {
  SequenceRows queries, keys;
  std::int64_t column, row_width;
  TensorRows<const std::uint16_t> q, k, v, dout;

  __device__ TensorHead(const kernels::AttentionBackward<float>& p, const AttentionTask& task)
      : queries(rows_of_sequence(p.cu_q, task.sequence, p.n_q)),
        keys(rows_of_sequence(p.cu_k, task.sequence, p.n_k)),
        column(task.head * p.head_width),
        row_width(p.heads * p.head_width),
        q(tensor_rows_of(p.q, queries.first, p.q_stride, column, queries.count)),
        k(tensor_rows_of(p.k, keys.first, p.k_stride, column, keys.count)),
        v(tensor_rows_of(p.v, keys.first, p.v_stride, column, keys.count)),
        dout(tensor_rows_of(p.dout, queries.first, row_width, column, queries.count)) {}
};

/// Loads the rows of the calling warp from two matrices, by way of the tiles that are needed later.
template <int width>
__device__ void load_rows(const TensorRows<const std::uint16_t>& a, const TensorRows<const std::uint16_t>& b,
                          std::int64_t first, const TensorStages<width>& stages, RowFragments<width>& a_rows,
                          RowFragments<width>& b_rows) {
  __syncthreads();  // what was in the tiles has been read
  start_tile<width>(a, first, stages.first);
  start_tile<width>(b, first, stages.second);
  ptx::commit_copies();
  ptx::wait_copies<0>();
  __syncthreads();
  a_rows.load(stages.first);
  b_rows.load(stages.second);
  __syncthreads();
}

template <class Low, int width>
static __global__ void __launch_bounds__(attention_threads)
    tensor_attention_dq_kernel(kernels::AttentionBackward<float> p, AttentionGrid grid,
                               DropoutFactors<float> given_dropout, const float* means) {
  TL_SHARED(Chunk, key_tiles, 2 * chunks_of_tile<width>);
  TL_SHARED(Chunk, value_tiles, 2 * chunks_of_tile<width>);
  const TensorStages<width> stages{key_tiles, value_tiles};
  if (blockIdx.x >= grid.tasks)
    return zero_rest(grid, p.dq, p.q_stride, p.heads * width, end_of_rows(p.cu_q, p.b, p.n_q), p.n_q);
  const DropoutFactors<float> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const TensorHead head(p, task);
  const auto scale = static_cast<float>(p.scale);
  for (std::int64_t first = task.first_row; first < head.queries.count; first += grid.tiles * tensor_tile) {
    const std::int64_t first_of_warp = first + row_of_tile();
    RowFragments<width> queries, gradients;
    load_rows<width>(head.q, head.dout, first, stages, queries, gradients);
    float lse[2] = {}, mean[2] = {};
    for (int i = 0; i < 2; ++i) {
      const std::int64_t row = first_of_warp + lane_of_tile() / 4 + 8 * i;
      if (row >= head.queries.count) continue;
      lse[i] = p.lse[(head.queries.first + row) * p.heads + task.head];
      mean[i] = means[(head.queries.first + row) * p.heads + task.head];
    }
    RowSums<width> dq = {};
    stages.start(head.k, head.v, 0);
    for (std::int64_t key = 0; key < head.keys.count; key += tensor_tile) {
      stages.start(head.k, head.v, key + tensor_tile);
      ptx::wait_copies<1>();
      __syncthreads();
      TileWeights scores, dweights;
      multiply_rows<Low>(queries, stages.first_of(key), scores);
      multiply_rows<Low>(gradients, stages.second_of(key), dweights);
      const QueryDraws draws(dropout, first_of_warp, key, task.mask_sequence);
      for (int block = 0; block < tensor_blocks; ++block)
        draws.each(block, [&](int i, float factor) {
          const bool is_key = key + block * 8 + 2 * (lane_of_tile() % 4) + i % 2 < head.keys.count;
          const float probability = is_key ? std::exp(scores[block][i] * scale - lse[i / 2]) : 0.0F;
          scores[block][i] = probability * (dweights[block][i] * factor - mean[i / 2]) * scale;
        });
      add_weighted_tile<Low, width>(scores, stages.first_of(key), dq);
      __syncthreads();  // the tiles have been read before others are copied there
    }
    ptx::wait_copies<0>();
    store_sums<Low, width>(dq, {1.0F, 1.0F}, first_of_warp,
                           tensor_rows_of(p.dq, head.queries.first, p.q_stride, head.column, head.queries.count));
  }
}

template <class Low, int width>
static __global__ void __launch_bounds__(attention_threads)
    tensor_attention_dkv_kernel(kernels::AttentionBackward<float> p, AttentionGrid grid,
                                DropoutFactors<float> given_dropout, const float* means) {
  TL_SHARED(Chunk, query_tiles, 2 * chunks_of_tile<width>);
  TL_SHARED(Chunk, gradient_tiles, 2 * chunks_of_tile<width>);
  TL_SHARED(float, lse_tile, tensor_tile);
  TL_SHARED(float, mean_tile, tensor_tile);
  const TensorStages<width> stages{query_tiles, gradient_tiles};
  if (blockIdx.x >= grid.tasks) {
    const std::int64_t end = end_of_rows(p.cu_k, p.b, p.n_k);
    zero_rest(grid, p.dk, p.k_stride, p.heads * width, end, p.n_k);
    return zero_rest(grid, p.dv, p.v_stride, p.heads * width, end, p.n_k);
  }
  const DropoutFactors<float> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const TensorHead head(p, task);
  const auto scale = static_cast<float>(p.scale);
  for (std::int64_t first = task.first_row; first < head.keys.count; first += grid.tiles * tensor_tile) {
    const std::int64_t first_of_warp = first + row_of_tile();
    RowFragments<width> keys, values;
    load_rows<width>(head.k, head.v, first, stages, keys, values);
    RowSums<width> dk = {}, dv = {};
    stages.start(head.q, head.dout, 0);
    for (std::int64_t query = 0; query < head.queries.count; query += tensor_tile) {
      stages.start(head.q, head.dout, query + tensor_tile);
      const int thread = static_cast<int>(threadIdx.x);
      if (thread < tensor_tile && query + thread < head.queries.count) {
        const std::int64_t at = (head.queries.first + query + thread) * p.heads + task.head;
        lse_tile[thread] = p.lse[at];
        mean_tile[thread] = means[at];
      }
      ptx::wait_copies<1>();
      __syncthreads();
      TileWeights weights, dweights;
      multiply_rows<Low>(keys, stages.first_of(query), weights);
      multiply_rows<Low>(values, stages.second_of(query), dweights);
      const KeyDraws draws(dropout, first_of_warp, query, task.mask_sequence);
      for (int block = 0; block < tensor_blocks; ++block)
        draws.each(block, [&](int i, float factor) {
          const int of_tile = block * 8 + 2 * (lane_of_tile() % 4) + i % 2;
          const bool is_query = query + of_tile < head.queries.count;
          const float probability = is_query ? std::exp(weights[block][i] * scale - lse_tile[of_tile]) : 0.0F;
          const float mean = is_query ? mean_tile[of_tile] : 0.0F;
          dweights[block][i] = probability * (dweights[block][i] * factor - mean) * scale;
          weights[block][i] = probability * factor;
        });
      add_weighted_tile<Low, width>(weights, stages.second_of(query), dv);
      add_weighted_tile<Low, width>(dweights, stages.first_of(query), dk);
      __syncthreads();  // the tiles have been read before others are copied there
    }
    ptx::wait_copies<0>();
    store_sums<Low, width>(dk, {1.0F, 1.0F}, first_of_warp,
                           tensor_rows_of(p.dk, head.keys.first, p.k_stride, head.column, head.keys.count));
    store_sums<Low, width>(dv, {1.0F, 1.0F}, first_of_warp,
                           tensor_rows_of(p.dv, head.keys.first, p.v_stride, head.column, head.keys.count));
  }
}

/// Whether dq, dk and dv were computed: not where TensorFit says no. `means` [NQ, H] as attention_means_kernel makes
/// them.
static bool tensor_attention_backward(const kernels::AttentionBackward<float>& p, const float* means) {
  TensorFit fit(p.head_width, p.q.format);
  fit.add(p.q, p.q_stride).add(p.k, p.k_stride).add(p.v, p.v_stride).add(p.dout, p.heads * p.head_width);
  if (!fit.add(p.dq, p.q_stride).add(p.dk, p.k_stride).add(p.dv, p.v_stride)) return false;
  const Shape shape{p.n_q, p.heads * p.head_width};
  const DropoutFactors<float> dropout(p.dropout);
  const int channels = static_cast<int>(p.head_width);
  const AttentionGrid by_query(p.b, p.heads, p.head_width, p.max_q, p.n_q, channels, tensor_tile);
  const AttentionGrid by_key(p.b, p.heads, p.head_width, p.max_k, p.n_k, channels, tensor_tile);
  with_tensor_format(p.q.format, p.head_width, [&]<class Low, int width>(Low, std::integral_constant<int, width>) {
    launch(Launch{.operation = p.name, .shape = shape, .blocks = by_query.blocks(), .threads = attention_threads},
           tensor_attention_dq_kernel<Low, width>, p, by_query, dropout, means);
    launch(Launch{.operation = p.name, .shape = shape, .blocks = by_key.blocks(), .threads = attention_threads},
           tensor_attention_dkv_kernel<Low, width>, p, by_key, dropout, means);
  });
  return true;
}

}  // namespace tl::cuda
