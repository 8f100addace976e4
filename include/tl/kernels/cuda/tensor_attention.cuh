// Attention on tensor cores, forward: see tensor_tile.cuh. The rows of a block are queries.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tl/kernels/attention.hpp>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/tensor_tile.cuh>

namespace tl::cuda {

/// The softmax of 16 queries while a warp walks over the keys; both of a lane's rows.
struct TensorSoftmax {
  float largest[2], total[2] = {};  // of the scores so far, and the lane's part of the sum of exp(score - largest)

  __device__ TensorSoftmax() {
    for (float& value : largest) value = -std::numeric_limits<float>::infinity();
  }

  /// Turns the scores of the keys before `count` into weights; what was added to `sums` before, to the new maximum.
  template <int width>
  __device__ void weigh(TileWeights& scores, std::int64_t count, float scale, RowSums<width>& sums) {
    const int first = 2 * (lane_of_tile() % 4);
    for (int half_rows = 0; half_rows < 2; ++half_rows) {
      float of_tile = -std::numeric_limits<float>::infinity();
      for (int block = 0; block < tensor_blocks; ++block)
        for (int i = 0; i < 2; ++i) {
          float& score = scores[block][2 * half_rows + i];
          score = block * 8 + first + i < count ? score * scale : -std::numeric_limits<float>::infinity();
          if (score > of_tile) of_tile = score;
        }
      for (int distance = 1; distance < 4; distance *= 2) {
        const float other = __shfl_xor_sync(full_warp, of_tile, distance);
        if (other > of_tile) of_tile = other;
      }
      const float before = largest[half_rows], now = before > of_tile ? before : of_tile;
      const float shrunk = std::exp(before - now);
      largest[half_rows] = now;
      total[half_rows] *= shrunk;
      for (auto& sum : sums)
        for (int i = 0; i < 2; ++i) sum[2 * half_rows + i] *= shrunk;
      for (int block = 0; block < tensor_blocks; ++block)
        for (int i = 0; i < 2; ++i) {
          float& weight = scores[block][2 * half_rows + i];
          weight = block * 8 + first + i < count ? std::exp(weight - now) : 0.0F;
          total[half_rows] += weight;
        }
    }
  }

  /// Adds up what the lanes of a row have.
  __device__ void finish() {
    for (float& sum : total)
      for (int distance = 1; distance < 4; distance *= 2) sum += __shfl_xor_sync(full_warp, sum, distance);
  }
};

template <class Low, int width>
static __global__ void __launch_bounds__(attention_threads)
    tensor_attention_forward_kernel(kernels::AttentionForward<float> p, AttentionGrid grid,
                                    DropoutFactors<float> given_dropout) {
  TL_SHARED(Chunk, query_tile, chunks_of_tile<width>);
  TL_SHARED(Chunk, key_tiles, 2 * chunks_of_tile<width>);
  TL_SHARED(Chunk, value_tiles, 2 * chunks_of_tile<width>);
  const TensorStages<width> stages{key_tiles, value_tiles};
  const std::int64_t row_width = p.heads * width;
  if (blockIdx.x >= grid.tasks) {
    const std::int64_t end = end_of_rows(p.cu_q, p.b, p.n_q);
    zero_rest(grid, p.out, row_width, row_width, end, p.n_q);
    return zero_rest(grid, Stored<float>(p.lse), p.heads, p.heads, end, p.n_q);
  }
  const DropoutFactors<float> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const SequenceRows queries = rows_of_sequence(p.cu_q, task.sequence, p.n_q);
  const SequenceRows keys = rows_of_sequence(p.cu_k, task.sequence, p.n_k);
  const std::int64_t column = task.head * width;
  const auto q = tensor_rows_of(p.q, queries.first, p.q_stride, column, queries.count);
  const auto k = tensor_rows_of(p.k, keys.first, p.k_stride, column, keys.count);
  const auto v = tensor_rows_of(p.v, keys.first, p.v_stride, column, keys.count);
  for (std::int64_t first = task.first_row; first < queries.count; first += grid.tiles * tensor_tile) {
    const std::int64_t first_of_warp = first + row_of_tile();
    __syncthreads();  // the tiles of the queries before have been read
    start_tile<width>(q, first, query_tile);
    stages.start(k, v, 0);
    RowFragments<width> rows;
    TensorSoftmax softmax;
    RowSums<width> sums = {};
    for (std::int64_t key = 0; key < keys.count; key += tensor_tile) {
      stages.start(k, v, key + tensor_tile);
      ptx::wait_copies<1>();
      __syncthreads();
      if (key == 0) rows.load(query_tile);
      TileWeights weights;
      multiply_rows<Low>(rows, stages.first_of(key), weights);
      softmax.weigh<width>(weights, keys.count - key, static_cast<float>(p.scale), sums);
      const QueryDraws draws(dropout, first_of_warp, key, task.mask_sequence);
      for (int block = 0; block < tensor_blocks; ++block)
        draws.each(block, [&](int i, float factor) { weights[block][i] *= factor; });
      add_weighted_tile<Low, width>(weights, stages.second_of(key), sums);
      __syncthreads();  // the tiles have been read before others are copied there
    }
    ptx::wait_copies<0>();
    softmax.finish();
    float factor[2];
    for (int i = 0; i < 2; ++i) factor[i] = keys.count > 0 ? 1.0F / softmax.total[i] : 0.0F;
    store_sums<Low, width>(sums, factor, first_of_warp,
                           tensor_rows_of(p.out, queries.first, row_width, column, queries.count));
    for (int i = 0; i < 2; ++i) {
      const std::int64_t row = first_of_warp + lane_of_tile() / 4 + 8 * i;
      if (p.lse && lane_of_tile() % 4 == 0 && row < queries.count)
        p.lse[(queries.first + row) * p.heads + task.head] = softmax.largest[i] + std::log(softmax.total[i]);
    }
  }
}

/// Whether it was computed: not where TensorFit says no.
static bool tensor_attention_forward(const kernels::AttentionForward<float>& p) {
  if (!TensorFit(p.head_width, p.q.format)
           .add(p.q, p.q_stride)
           .add(p.k, p.k_stride)
           .add(p.v, p.v_stride)
           .add(p.out, p.heads * p.head_width))
    return false;
  const AttentionGrid grid(p.b, p.heads, p.head_width, p.max_q, p.n_q, static_cast<int>(p.head_width), tensor_tile);
  with_tensor_format(p.q.format, p.head_width, [&]<class Low, int width>(Low, std::integral_constant<int, width>) {
    launch(Launch{.operation = p.name,
                  .shape = {p.n_q, p.heads * p.head_width},
                  .blocks = grid.blocks(),
                  .threads = attention_threads},
           tensor_attention_forward_kernel<Low, width>, p, grid, DropoutFactors<float>(p.dropout));
  });
  return true;
}

}  // namespace tl::cuda
