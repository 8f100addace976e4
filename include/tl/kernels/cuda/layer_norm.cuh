// Layer normalisation on the GPU: one warp per row for y and dx; dgamma and dbeta in two stages without atomics. The
// first stage sums fixed pieces of rows, the second adds the pieces in order, so the bits do not depend on the GPU.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/layer_norm.hpp>

namespace tl::cuda {

inline constexpr int layer_norm_threads = 256;
inline constexpr int layer_norm_rows_per_block = layer_norm_threads / warp_size;
inline constexpr std::int64_t layer_norm_rows_per_piece = 64;

/// The row of the calling warp.
static __device__ std::int64_t layer_norm_row() {
  return static_cast<std::int64_t>(blockIdx.x) * layer_norm_rows_per_block + threadIdx.x / warp_size;
}

// The variance is taken of x - mean and not from the sum of squares, which cancels for rows far from zero. The second
// and third pass over the row find it in the cache.
template <class T> static __global__ void layer_norm_forward_kernel(kernels::LayerNormForward<T> p) {
  const std::int64_t row = layer_norm_row(), lane = threadIdx.x % warp_size;
  if (row >= p.n) return;
  const T* x = p.x + row * p.d;
  T sum = 0;
  for (std::int64_t i = lane; i < p.d; i += warp_size) sum += x[i];
  const T mean = warp_sum(sum) / static_cast<T>(p.d);
  T squares = 0;
  for (std::int64_t i = lane; i < p.d; i += warp_size) squares += (x[i] - mean) * (x[i] - mean);
  const T variance = warp_sum(squares) / static_cast<T>(p.d);
  const T rstd = T(1) / sqrt(variance + static_cast<T>(p.eps));
  T* y = p.y + row * p.d;
  for (std::int64_t i = lane; i < p.d; i += warp_size) y[i] = (x[i] - mean) * rstd * p.gamma[i] + p.beta[i];
  if (lane == 0) {
    p.mean[row] = mean;
    p.rstd[row] = rstd;
  }
}

// dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * gamma.
template <class T> static __global__ void layer_norm_dx_kernel(kernels::LayerNormBackward<T> p) {
  const std::int64_t row = layer_norm_row(), lane = threadIdx.x % warp_size;
  if (row >= p.n) return;
  const T *dy = p.dy + row * p.d, *x = p.x + row * p.d;
  const T mean = p.mean[row], rstd = p.rstd[row];
  T sum = 0, dot = 0;
  for (std::int64_t i = lane; i < p.d; i += warp_size) {
    const T g = dy[i] * p.gamma[i];
    sum += g;
    dot += g * ((x[i] - mean) * rstd);
  }
  const T mean_g = warp_sum(sum) / static_cast<T>(p.d), mean_dot = warp_sum(dot) / static_cast<T>(p.d);
  T* dx = p.dx + row * p.d;
  for (std::int64_t i = lane; i < p.d; i += warp_size)
    dx[i] = rstd * (dy[i] * p.gamma[i] - mean_g - (x[i] - mean) * rstd * mean_dot);
}

// One thread per (piece of rows, column); neighbouring threads read neighbouring columns.
template <class T>
static __global__ void layer_norm_pieces_kernel(kernels::LayerNormBackward<T> p, std::int64_t pieces, T* dgamma_pieces,
                                                T* dbeta_pieces) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * layer_norm_threads + threadIdx.x;
  if (index >= pieces * p.d) return;
  const std::int64_t column = index % p.d, first = index / p.d * layer_norm_rows_per_piece;
  const std::int64_t last = min(p.n, first + layer_norm_rows_per_piece);
  T dgamma = 0, dbeta = 0;
  for (std::int64_t row = first; row < last; ++row) {
    const T dy = p.dy[row * p.d + column];
    dgamma += dy * ((p.x[row * p.d + column] - p.mean[row]) * p.rstd[row]);
    dbeta += dy;
  }
  dgamma_pieces[index] = dgamma;
  dbeta_pieces[index] = dbeta;
}

/// into[column] += the sum of `pieces` rows of `from`, for each of `d` columns.
template <class T>
static __global__ void layer_norm_add_pieces_kernel(const T* from, std::int64_t pieces, std::int64_t d, T* into) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * layer_norm_threads + threadIdx.x;
  if (column >= d) return;
  T sum = 0;
  for (std::int64_t piece = 0; piece < pieces; ++piece) sum += from[piece * d + column];
  into[column] += sum;
}

/// A launch that covers `count` things with blocks of `per_block`.
template <class Params> static Launch layer_norm_launch(const Params& p, std::int64_t count, int per_block) {
  return {.operation = Params::name,
          .shape = {p.n, p.d},
          .blocks = blocks_for(count, per_block),
          .threads = layer_norm_threads};
}

template <class T> static void layer_norm_forward(const kernels::LayerNormForward<T>& p) {
  launch(layer_norm_launch(p, p.n, layer_norm_rows_per_block), layer_norm_forward_kernel<T>, p);
}

template <class T> static void layer_norm_backward(const kernels::LayerNormBackward<T>& p) {
  if (p.dx) launch(layer_norm_launch(p, p.n, layer_norm_rows_per_block), layer_norm_dx_kernel<T>, p);
  if (!p.dgamma && !p.dbeta) return;
  const std::int64_t pieces = blocks_for(p.n, layer_norm_rows_per_piece);
  const Workspace<T> sums(2 * pieces * p.d);
  T *dgamma_pieces = sums.data(), *dbeta_pieces = sums.data() + pieces * p.d;
  launch(layer_norm_launch(p, pieces * p.d, layer_norm_threads), layer_norm_pieces_kernel<T>, p, pieces, dgamma_pieces,
         dbeta_pieces);
  const auto add_pieces = [&](const T* from, T* into) {
    if (into)
      launch(layer_norm_launch(p, p.d, layer_norm_threads), layer_norm_add_pieces_kernel<T>, from, pieces, p.d, into);
  };
  add_pieces(dgamma_pieces, p.dgamma);
  add_pieces(dbeta_pieces, p.dbeta);
}

[[maybe_unused]] static const bool layer_norm_registered = [] {
  kernels::provide_cuda(&layer_norm_forward<float>, &layer_norm_forward<double>, &layer_norm_backward<float>,
                        &layer_norm_backward<double>);
  return true;
}();

}  // namespace tl::cuda
