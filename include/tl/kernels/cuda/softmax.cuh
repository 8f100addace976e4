// Softmax and its logarithm on the GPU: one warp per row, with the row's maximum subtracted.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/reduce.cuh>
#include <tl/kernels/softmax.hpp>

namespace tl::cuda {

inline constexpr int softmax_threads = 128;
inline constexpr int softmax_rows_per_block = softmax_threads / warp_size;

/// The row of the calling warp.
static __device__ std::int64_t softmax_row() {
  return static_cast<std::int64_t>(blockIdx.x) * softmax_rows_per_block + threadIdx.x / warp_size;
}

/// What a row's softmax needs: its largest number, and the sum of exp(x - highest), which is NaN if one of them is.
template <class T> struct SoftmaxOfRow { T highest, sum; };

/// For the calling warp; every lane gets it.
template <class T> static __device__ SoftmaxOfRow<T> softmax_of_row(const T* x, std::int64_t columns) {
  const std::int64_t lane = threadIdx.x % warp_size;
  T highest = -std::numeric_limits<T>::infinity();
  for (std::int64_t c = lane; c < columns; c += warp_size) highest = x[c] > highest ? x[c] : highest;
  highest = warp_max(highest);
  T sum = 0;
  for (std::int64_t c = lane; c < columns; c += warp_size) sum += std::exp(x[c] - highest);
  return {highest, warp_sum(sum)};
}

template <class T> static __global__ void softmax_forward_kernel(kernels::SoftmaxForward<T> p) {
  const std::int64_t row = softmax_row(), lane = threadIdx.x % warp_size;
  if (row >= p.n) return;
  const T* x = p.x + row * p.c;
  T* y = p.y + row * p.c;
  const SoftmaxOfRow<T> of = softmax_of_row(x, p.c);
  const T log_sum = std::log(of.sum);
  for (std::int64_t c = lane; c < p.c; c += warp_size) {
    const T shifted = x[c] - of.highest;
    y[c] = p.logarithm ? shifted - log_sum : std::exp(shifted) / of.sum;
  }
}

template <class T> static __global__ void softmax_backward_kernel(kernels::SoftmaxBackward<T> p) {
  const std::int64_t row = softmax_row(), lane = threadIdx.x % warp_size;
  if (row >= p.n) return;
  const T *dy = p.dy + row * p.c, *y = p.y + row * p.c;
  T* dx = p.dx + row * p.c;
  T sum = 0;
  for (std::int64_t c = lane; c < p.c; c += warp_size) sum += p.logarithm ? dy[c] : dy[c] * y[c];
  sum = warp_sum(sum);
  for (std::int64_t c = lane; c < p.c; c += warp_size)
    dx[c] = p.logarithm ? dy[c] - std::exp(y[c]) * sum : y[c] * (dy[c] - sum);
}

/// Starts a kernel of one warp per row.
template <class Contract> static void launch_softmax(const Contract& p, void (*kernel)(Contract)) {
  launch(Launch{.operation = p.name,
                .shape = Shape{p.n, p.c},
                .blocks = blocks_for(p.n, softmax_rows_per_block),
                .threads = softmax_threads},
         kernel, p);
}

template <class T> static void softmax_forward(const kernels::SoftmaxForward<T>& p) {
  launch_softmax(p, softmax_forward_kernel<T>);
}

template <class T> static void softmax_backward(const kernels::SoftmaxBackward<T>& p) {
  launch_softmax(p, softmax_backward_kernel<T>);
}

[[maybe_unused]] static const bool softmax_registered = [] {
  kernels::provide_cuda(&softmax_forward<float>, &softmax_forward<double>, &softmax_backward<float>,
                        &softmax_backward<double>);
  return true;
}();

}  // namespace tl::cuda
