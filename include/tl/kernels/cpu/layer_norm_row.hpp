// Layer normalisation of one row, shared by the three kernels that contain it. Mean and variance in two passes, so that
// nothing cancels.
#pragma once

#include <cmath>
#include <cstdint>

#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

template <class T> struct RowStatistics { T mean, rstd; };

/// Mean and 1 / sqrt(variance + eps) of x [width].
template <class T> TL_INLINE inline RowStatistics<T> row_statistics(const T* x, std::int64_t width, T eps) {
  const T mean = vector_sum<T>(width, [=](std::int64_t i) TL_INLINE { return x[i]; }) / static_cast<T>(width);
  const T squares = vector_sum<T>(width, [=](std::int64_t i) TL_INLINE { return (x[i] - mean) * (x[i] - mean); });
  return {mean, T(1) / std::sqrt(squares / static_cast<T>(width) + eps)};
}

/// dx = rstd (g - mean(g) - xhat mean(g xhat)) with g = dy gamma, all [width]; dx may be dy or xhat.
template <class T>
TL_INLINE inline void layer_norm_row_backward(const T* dy, const T* xhat, const T* gamma, T rstd, std::int64_t width,
                                              T* dx) {
  const T inverse = T(1) / static_cast<T>(width);
  const T mean = inverse * vector_sum<T>(width, [=](std::int64_t i) TL_INLINE { return dy[i] * gamma[i]; });
  const T slope = inverse * vector_sum<T>(width, [=](std::int64_t i) TL_INLINE { return dy[i] * gamma[i] * xhat[i]; });
  vector_loop(width, [=](std::int64_t i) TL_INLINE { dx[i] = rstd * (dy[i] * gamma[i] - mean - xhat[i] * slope); });
}

}  // namespace tl::cpu
