// Layer normalisation on the GPU: one warp per row for y and dx; dgamma and dbeta by column_sums.cuh.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/layer_norm_row.cuh>
#include <tl/kernels/cuda/warp_rows.cuh>
#include <tl/kernels/layer_norm.hpp>

namespace tl::cuda {

template <class T> static __global__ void layer_norm_forward_kernel(kernels::LayerNormForward<T> p) {
  const std::int64_t row = row_of_warp();
  const int lane = lane_of_warp();
  if (row >= p.n) return;
  const T* x = p.x + row * p.d;
  const auto [mean, rstd] = row_statistics(x, p.d, static_cast<T>(p.eps), lane);
  T* y = p.y + row * p.d;
  for (std::int64_t i = lane; i < p.d; i += warp_size) y[i] = (x[i] - mean) * rstd * p.gamma[i] + p.beta[i];
  if (lane != 0) return;
  p.mean[row] = mean;
  p.rstd[row] = rstd;
}

template <class T> static __global__ void layer_norm_dx_kernel(kernels::LayerNormBackward<T> p) {
  const std::int64_t row = row_of_warp();
  if (row >= p.n) return;
  const T *dy = p.dy + row * p.d, *x = p.x + row * p.d;
  T* dx = p.dx + row * p.d;
  const T mean = p.mean[row], rstd = p.rstd[row];
  const auto xhat = [&](std::int64_t i) { return (x[i] - mean) * rstd; };
  const RowGradient gradient(dy, xhat, p.gamma, rstd, p.d, lane_of_warp());
  for (std::int64_t i = lane_of_warp(); i < p.d; i += warp_size) dx[i] = gradient.at(i);
}

/// dgamma and dbeta.
template <class T> struct LayerNormTerms {
  kernels::LayerNormBackward<T> p;

  __device__ void operator()(std::int64_t row, std::int64_t column, T (&sums)[2]) const {
    const T dy = p.dy[row * p.d + column];
    sums[0] += dy * ((p.x[row * p.d + column] - p.mean[row]) * p.rstd[row]);
    sums[1] += dy;
  }
};

template <class T> static void layer_norm_forward(const kernels::LayerNormForward<T>& p) {
  launch(
      Launch{
          .operation = p.name, .shape = {p.n, p.d}, .blocks = blocks_for(p.n, rows_per_block), .threads = row_threads},
      layer_norm_forward_kernel<T>, p);
}

template <class T> static void layer_norm_backward(const kernels::LayerNormBackward<T>& p) {
  if (p.dx)
    launch(Launch{.operation = p.name,
                  .shape = {p.n, p.d},
                  .blocks = blocks_for(p.n, rows_per_block),
                  .threads = row_threads},
           layer_norm_dx_kernel<T>, p);
  add_column_sums<T, 2>(p.name, p.n, p.d, LayerNormTerms<T>{p}, {{p.dgamma, p.dbeta}});
}

[[maybe_unused]] static const bool layer_norm_registered = [] {
  kernels::provide_cuda(&layer_norm_forward<float>, &layer_norm_forward<double>, &layer_norm_backward<float>,
                        &layer_norm_backward<double>);
  return true;
}();

}  // namespace tl::cuda
