// The end of an encoder half-block on the GPU: one warp per row in each direction, which draws the dropout mask again
// backward; dbias, dgamma and dbeta by column_sums.cuh.
#pragma once

#include <cstdint>

#include <tl/kernels/bias_dropout_residual_layer_norm.hpp>
#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/layer_norm_row.cuh>
#include <tl/kernels/cuda/warp_rows.cuh>

namespace tl::cuda {

// y holds the sum until the row's statistics are known; each lane writes and reads its own channels of it.
template <class T>
static __global__ void residual_layer_norm_forward_kernel(kernels::BiasDropoutResidualLayerNormForward<T> p,
                                                          DropoutFactors<T> dropout) {
  const DropoutFactors<T> factors = dropout.resolved();
  const std::int64_t row = row_of_warp();
  const int lane = lane_of_warp();
  if (row >= p.n) return;
  const T* const residual = p.residual + row * p.d;
  T* const y = p.y + row * p.d;
  T* const xhat = p.xhat ? p.xhat + row * p.d : nullptr;
  dropout_of_row(factors, row, p.d, lane, [&](std::int64_t i, T factor) {
    const T sum = rounded_to(p.precision, load(p.x, row * p.d + i) + p.bias[i]);
    y[i] = rounded_to(p.precision, sum * factor) + residual[i];
  });
  const auto [mean, rstd] = row_statistics<T>(y, p.d, static_cast<T>(p.eps), lane);
  for (std::int64_t i = lane; i < p.d; i += warp_size) {
    const T normalised = (y[i] - mean) * rstd;
    if (xhat) xhat[i] = normalised;
    y[i] = normalised * p.gamma[i] + p.beta[i];
    if (p.y_rounded) store(p.y_rounded, row * p.d + i, y[i]);
  }
  if (p.rstd && lane == 0) p.rstd[row] = rstd;
}

// dresidual may be dx where there is no dropout.
template <class T>
static __global__ void residual_layer_norm_dx_kernel(kernels::BiasDropoutResidualLayerNormBackward<T> p,
                                                     DropoutFactors<T> dropout) {
  const DropoutFactors<T> factors = dropout.resolved();
  const std::int64_t row = row_of_warp();
  const int lane = lane_of_warp();
  if (row >= p.n) return;
  const T* const xhat = p.xhat + row * p.d;
  T* const dresidual = p.dresidual ? p.dresidual + row * p.d : nullptr;
  const auto normalised = [&](std::int64_t i) { return xhat[i]; };
  const RowGradient gradient(p.dy + row * p.d, normalised, p.gamma, p.rstd[row], p.d, lane);
  dropout_of_row(factors, row, p.d, lane, [&](std::int64_t i, T factor) {
    const T value = gradient.at(i);
    if (dresidual) dresidual[i] = value;
    store(p.dx, row * p.d + i, value * factor);
  });
}

/// dgamma, dbeta and dbias, once dx is there.
template <class T> struct ResidualLayerNormTerms {
  kernels::BiasDropoutResidualLayerNormBackward<T> p;

  __device__ void operator()(std::int64_t row, std::int64_t column, T (&sums)[3]) const {
    const std::int64_t at = row * p.d + column;
    const T dy = p.dy[at];
    sums[0] += dy * p.xhat[at];
    sums[1] += dy;
    sums[2] += load(p.dx, at);
  }
};

template <class T> static void residual_layer_norm_forward(const kernels::BiasDropoutResidualLayerNormForward<T>& p) {
  launch(
      Launch{
          .operation = p.name, .shape = {p.n, p.d}, .blocks = blocks_for(p.n, rows_per_block), .threads = row_threads},
      residual_layer_norm_forward_kernel<T>, p, DropoutFactors<T>(p.dropout));
}

template <class T> static void residual_layer_norm_backward(const kernels::BiasDropoutResidualLayerNormBackward<T>& p) {
  launch(
      Launch{
          .operation = p.name, .shape = {p.n, p.d}, .blocks = blocks_for(p.n, rows_per_block), .threads = row_threads},
      residual_layer_norm_dx_kernel<T>, p, DropoutFactors<T>(p.dropout));
  add_column_sums<T, 3>(p.name, p.n, p.d, ResidualLayerNormTerms<T>{p}, {{p.dgamma, p.dbeta, p.dbias}});
}

[[maybe_unused]] static const bool residual_layer_norm_registered = [] {
  kernels::provide_cuda(&residual_layer_norm_forward<float>, &residual_layer_norm_forward<double>,
                        &residual_layer_norm_backward<float>, &residual_layer_norm_backward<double>);
  return true;
}();

}  // namespace tl::cuda
