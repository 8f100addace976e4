// The embedding block on the GPU. Forward one warp per row. Backward: dy is dropped out, then the column sums of dgamma
// and dbeta, the gradient of the sum of the embeddings in its place, and the rows of each table by their groups.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/dropout.cuh>
#include <tl/kernels/cuda/embedding.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/layer_norm_row.cuh>
#include <tl/kernels/cuda/warp_rows.cuh>
#include <tl/kernels/embedding_layer_norm_dropout.hpp>

namespace tl::cuda {

// y holds the sum until the row's statistics are known; each lane writes and reads its own channels of it.
template <class T>
static __global__ void embedding_layer_norm_forward_kernel(kernels::EmbeddingLayerNormDropoutForward<T> p,
                                                           DropoutFactors<T> dropout) {
  const DropoutFactors<T> factors = dropout.resolved();
  const std::int64_t row = row_of_warp();
  const int lane = lane_of_warp();
  if (row >= p.n) return;
  T* const y = p.y + row * p.d;
  T* const xhat = p.xhat ? p.xhat + row * p.d : nullptr;
  for (std::int64_t i = lane; i < p.d; i += warp_size) {
    T sum = 0;
    for (int k = 0; k < p.table_count; ++k) {
      const kernels::EmbeddingTable<T>& table = p.tables[static_cast<std::size_t>(k)];
      sum += embedding_value(table.values, table.v, table.rows[row], p.d, i);
    }
    y[i] = sum;
  }
  const auto [mean, rstd] = row_statistics<T>(y, p.d, static_cast<T>(p.eps), lane);
  dropout_of_row(factors, row, p.d, lane, [&, mean = mean, rstd = rstd](std::int64_t i, T factor) {
    const T normalised = (y[i] - mean) * rstd;
    if (xhat) xhat[i] = normalised;
    y[i] = (normalised * p.gamma[i] + p.beta[i]) * factor;
    if (p.y_rounded) store(p.y_rounded, row * p.d + i, y[i]);
  });
  if (p.rstd && lane == 0) p.rstd[row] = rstd;
}

/// dsum [N, D] of layer normalisation for the gradient g [N, D] of its result; dsum may be g.
template <class T>
static __global__ void embedding_layer_norm_dsum_kernel(kernels::EmbeddingLayerNormDropoutBackward<T> p, const T* g,
                                                        T* dsum) {
  const std::int64_t row = row_of_warp();
  if (row >= p.n) return;
  const T* const xhat = p.xhat + row * p.d;
  const auto normalised = [&](std::int64_t i) { return xhat[i]; };
  const RowGradient gradient(g + row * p.d, normalised, p.gamma, p.rstd[row], p.d, lane_of_warp());
  for (std::int64_t i = lane_of_warp(); i < p.d; i += warp_size) dsum[row * p.d + i] = gradient.at(i);
}

/// dgamma and dbeta.
template <class T> struct EmbeddingLayerNormTerms {
  const T *g, *xhat;
  std::int64_t d;

  __device__ void operator()(std::int64_t row, std::int64_t column, T (&sums)[2]) const {
    const std::int64_t at = row * d + column;
    sums[0] += g[at] * xhat[at];
    sums[1] += g[at];
  }
};

template <class T>
static void embedding_layer_norm_dropout_forward(const kernels::EmbeddingLayerNormDropoutForward<T>& p) {
  launch(
      Launch{
          .operation = p.name, .shape = {p.n, p.d}, .blocks = blocks_for(p.n, rows_per_block), .threads = row_threads},
      embedding_layer_norm_forward_kernel<T>, p, DropoutFactors<T>(p.dropout));
}

template <class T>
static void embedding_layer_norm_dropout_backward(const kernels::EmbeddingLayerNormDropoutBackward<T>& p) {
  const std::span used(p.tables.data(), static_cast<std::size_t>(p.table_count));
  const bool tables = std::ranges::any_of(used, [](const auto& table) { return table.gradient != nullptr; });
  const Workspace<T> dsum(tables || p.dropout.active() ? p.n * p.d : 0);
  const T* g = p.dy;
  if (p.dropout.active()) {
    dropout<T>({.x = p.dy, .y = dsum.data(), .n = p.n, .d = p.d, .mask = p.dropout});
    g = dsum.data();
  }
  add_column_sums<T, 2>(p.name, p.n, p.d, EmbeddingLayerNormTerms<T>{g, p.xhat, p.d}, {{p.dgamma, p.dbeta}});
  if (!tables) return;
  launch(
      Launch{
          .operation = p.name, .shape = {p.n, p.d}, .blocks = blocks_for(p.n, rows_per_block), .threads = row_threads},
      embedding_layer_norm_dsum_kernel<T>, p, g, dsum.data());
  for (const auto& table : used)
    if (table.gradient) add_groups<T>(p.name, table.groups, dsum.data(), p.n, p.d, table.gradient, table.v);
}

[[maybe_unused]] static const bool embedding_layer_norm_dropout_registered = [] {
  kernels::provide_cuda(&embedding_layer_norm_dropout_forward<float>, &embedding_layer_norm_dropout_forward<double>,
                        &embedding_layer_norm_dropout_backward<float>, &embedding_layer_norm_dropout_backward<double>);
  return true;
}();

}  // namespace tl::cuda
