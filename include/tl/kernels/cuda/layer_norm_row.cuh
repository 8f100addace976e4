// Layer normalisation of one row by a warp, shared by the three families that contain it: lane l has the channels
// l, l + 32, ... The variance is taken of x - mean and not from the sum of squares, which cancels for rows far from
// zero; the second pass over the row finds it in the cache.
#pragma once

#include <cmath>
#include <cstdint>

#include <tl/kernels/cuda/reduce.cuh>

namespace tl::cuda {

template <class T> struct RowStatistics { T mean, rstd; };

/// Mean and 1 / sqrt(variance + eps) of x [width].
template <class T> __device__ RowStatistics<T> row_statistics(const T* x, std::int64_t width, T eps, int lane) {
  T sum = 0;
  for (std::int64_t i = lane; i < width; i += warp_size) sum += x[i];
  const T mean = warp_sum(sum) / static_cast<T>(width);
  T squares = 0;
  for (std::int64_t i = lane; i < width; i += warp_size) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, T(1) / std::sqrt(warp_sum(squares) / static_cast<T>(width) + eps)};
}

/// The gradient of a row before normalisation: dx = rstd (g - mean(g) - xhat mean(g xhat)) with g = dy gamma;
/// xhat(channel) is the normalised value.
template <class T, class Normalised> class RowGradient {
 public:
  /// All lanes of a warp together.
  __device__ RowGradient(const T* dy, const Normalised& xhat, const T* gamma, T rstd, std::int64_t width, int lane)
      : dy_(dy), gamma_(gamma), xhat_(xhat), rstd_(rstd) {
    T sum = 0, dot = 0;
    for (std::int64_t i = lane; i < width; i += warp_size) {
      const T g = dy[i] * gamma[i];
      sum += g;
      dot += g * xhat(i);
    }
    mean_ = warp_sum(sum) / static_cast<T>(width);
    slope_ = warp_sum(dot) / static_cast<T>(width);
  }

  /// dx of a channel, which may then be written over its dy and xhat.
  __device__ T at(std::int64_t i) const { return rstd_ * (dy_[i] * gamma_[i] - mean_ - xhat_(i) * slope_); }

 private:
  const T *dy_, *gamma_;
  const Normalised& xhat_;
  T rstd_, mean_, slope_;
};

}  // namespace tl::cuda
