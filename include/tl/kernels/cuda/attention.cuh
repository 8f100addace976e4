// Attention on the GPU, in the plain form of attention_tile.cuh: any width of a head, any length of a sequence. Forward
// with a running maximum and sum of each row, so that scores are never in memory; they are computed again backward, see
// attention_backward.cuh. Where tensor cores can do it, they do: tensor_attention.cuh.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tl/kernels/attention.hpp>
#include <tl/kernels/cuda/attention_backward.cuh>
#include <tl/kernels/cuda/attention_tile.cuh>
#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/tensor_attention.cuh>

namespace tl::cuda {

/// The rows of a warp while it walks over the keys.
template <class T, int per_lane> struct RunningSoftmax {
  T largest[attention_rows];         // of the scores so far
  T total[attention_rows];           // the lane's part of the sum of exp(score - largest)
  T sums[attention_rows][per_lane];  // of values weighted by exp(score - largest), after dropout

  __device__ RunningSoftmax() : total{}, sums{} {
    for (T& value : largest) value = -std::numeric_limits<T>::infinity();
  }

  /// Turns the scores of the lane's key into weights, and what was added before to the new maximum. `drawn`: lane
  /// 4 r + i has the kept bits of row r and the keys [8 i, 8 i + 8) of the tile.
  __device__ void add_scores(T (&scores)[attention_rows], bool is_key, T scale, std::uint32_t drawn,
                             const DropoutFactors<T>& dropout) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    for (int r = 0; r < attention_rows; ++r) {
      const T score = is_key ? scores[r] * scale : -std::numeric_limits<T>::infinity();
      const T before = largest[r], of_tile = warp_max(score);
      largest[r] = before > of_tile ? before : of_tile;
      const T weight = is_key ? std::exp(score - largest[r]) : T(0), shrunk = std::exp(before - largest[r]);
      total[r] = total[r] * shrunk + weight;
      for (T& sum : sums[r]) sum *= shrunk;
      scores[r] = weight * dropout.factor(__shfl_sync(full_warp, drawn, 4 * r + lane / 8), lane);
    }
  }
};

template <class T, int per_lane>
static __global__ void plain_attention_forward_kernel(kernels::AttentionForward<T> p, AttentionGrid grid,
                                                      DropoutFactors<T> given_dropout) {
  TL_SHARED(T, a_tile, attention_tile * attention_pitch);
  TL_SHARED(T, b_tile, attention_tile * attention_pitch);
  TL_SHARED(T, weight_tile, attention_tile * attention_tile);
  TL_SHARED(T, value_tile, attention_tile * per_lane * warp_size);
  const AttentionTiles<T> tiles{a_tile, b_tile, weight_tile, value_tile};
  const std::int64_t row_width = p.heads * p.head_width;
  if (blockIdx.x >= grid.tasks) {
    const std::int64_t end = end_of_rows(p.cu_q, p.b, p.n_q);
    zero_rest(grid, p.out, row_width, row_width, end, p.n_q);
    zero_rest(grid, Stored<T>(p.lse), p.heads, p.heads, end, p.n_q);
    return;
  }
  const DropoutFactors<T> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const SequenceRows queries = rows_of_sequence(p.cu_q, task.sequence, p.n_q);
  const SequenceRows keys = rows_of_sequence(p.cu_k, task.sequence, p.n_k);
  const std::int64_t first_column = task.head * p.head_width;
  const HeadRows<T> q{p.q + queries.first * p.q_stride + first_column, p.q_stride, queries.count};
  const HeadRows<T> k{p.k + keys.first * p.k_stride + first_column, p.k_stride, keys.count};
  const HeadRows<T> v{p.v + keys.first * p.v_stride + first_column, p.v_stride, keys.count};
  const int lane = static_cast<int>(threadIdx.x) % warp_size, warp = static_cast<int>(threadIdx.x) / warp_size;
  for (std::int64_t first = task.first_row; first < queries.count; first += grid.tiles * attention_tile) {
    const std::int64_t first_of_warp = first + warp * attention_rows;
    RunningSoftmax<T, per_lane> running;
    for (std::int64_t key = 0; key < keys.count; key += attention_tile) {
      T scores[attention_rows];
      row_products(q, first, k, key, p.head_width, tiles, scores);
      const std::uint32_t drawn =
          dropout.kept_bits(static_cast<std::uint32_t>(key / 8 + lane % 4),
                            static_cast<std::uint32_t>(first_of_warp + lane / 4), task.mask_sequence);
      running.add_scores(scores, key + lane < keys.count, static_cast<T>(p.scale), drawn, dropout);
      put_weights(scores, tiles);
      add_weighted_rows(v, key, task.column, p.head_width, tiles, running.sums);
    }
    for (int r = 0; r < attention_rows; ++r) {
      const T total = warp_sum(running.total[r]);
      for (T& sum : running.sums[r]) sum = keys.count > 0 ? sum / total : T(0);
      if (p.lse && task.column == 0 && lane == 0 && first_of_warp + r < queries.count)
        p.lse[(queries.first + first_of_warp + r) * p.heads + task.head] = running.largest[r] + std::log(total);
    }
    store_rows(running.sums, first_of_warp, queries.count, task.column, p.head_width,
               p.out + queries.first * row_width + first_column, row_width);
  }
}

template <class T, int per_lane> static void plain_attention_forward(const kernels::AttentionForward<T>& p) {
  const AttentionGrid grid(p.b, p.heads, p.head_width, p.max_q, p.n_q, per_lane * warp_size);
  launch(Launch{.operation = p.name,
                .shape = {p.n_q, p.heads * p.head_width},
                .blocks = grid.blocks(),
                .threads = attention_threads},
         plain_attention_forward_kernel<T, per_lane>, p, grid, DropoutFactors<T>(p.dropout));
}

template <class T> static void attention_forward(const kernels::AttentionForward<T>& p) {
  if constexpr (std::is_same_v<T, float>)
    if (tensor_attention_forward(p)) return;
  if (p.head_width <= warp_size) plain_attention_forward<T, 1>(p);
  else plain_attention_forward<T, 2>(p);
}

[[maybe_unused]] static const bool attention_registered = [] {
  kernels::provide_cuda(&attention_forward<float>, &attention_forward<double>, &attention_backward<float>,
                        &attention_backward<double>);
  return true;
}();

}  // namespace tl::cuda
