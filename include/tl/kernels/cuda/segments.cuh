// The mean and the largest value of each segment of rows on the GPU: one thread per segment and column, the rows of a
// segment in order. Offsets that are not of the rows give NaN, which reaches the loss, and read nothing.
#pragma once

#include <cstdint>
#include <limits>

#include <tl/core/finite.hpp>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/segment_max.hpp>
#include <tl/kernels/segment_mean.hpp>

namespace tl::cuda {

/// The rows [first, last) of a segment.
struct SegmentRows {
  std::int64_t first, last;
  __device__ SegmentRows(const std::int32_t* cu_seqlens, std::int64_t segment)
      : first(cu_seqlens[segment]), last(cu_seqlens[segment + 1]) {}
  __device__ bool within(std::int64_t n) const { return 0 <= first && first <= last && last <= n; }
  /// 1 over the number of rows; 0 for no row.
  template <class T> __device__ T share() const { return first < last ? T(1) / static_cast<T>(last - first) : T(0); }
};

template <class T> struct SegmentMeanElement {
  kernels::SegmentMeanForward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const SegmentRows rows(p.cu_seqlens, i / p.d);
    if (!rows.within(p.n)) {
      p.y[i] = std::numeric_limits<T>::quiet_NaN();
      return;
    }
    T sum = 0;
    for (std::int64_t row = rows.first; row < rows.last; ++row) sum += p.x[row * p.d + i % p.d];
    p.y[i] = sum * rows.share<T>();
  }
};

template <class T> struct SegmentMeanGradient {
  kernels::SegmentMeanBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t row = i / p.d, segment = last_segment_from(row);
    p.dx[i] = T(0);
    if (segment < 0) return;
    const SegmentRows rows(p.cu_seqlens, segment);
    if (rows.first <= row && row < rows.last) p.dx[i] = rows.share<T>() * p.dy[segment * p.d + i % p.d];
  }

 private:
  /// The last segment that does not begin after `row`, which is the one of the row if there is one; -1 if all do.
  __device__ std::int64_t last_segment_from(std::int64_t row) const {
    std::int64_t before = -1, after = p.b;
    while (after - before > 1) {
      const std::int64_t middle = before + (after - before) / 2;
      (p.cu_seqlens[middle] <= row ? before : after) = middle;
    }
    return before;
  }
};

template <class T> struct SegmentMaxElement {
  kernels::SegmentMaxForward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const SegmentRows rows(p.cu_seqlens, i / p.d);
    const bool within = rows.within(p.n);
    T y = within ? T(0) : std::numeric_limits<T>::quiet_NaN();
    std::int32_t argmax = -1;
    for (std::int64_t row = rows.first; within && row < rows.last; ++row) {
      const T x = p.x[row * p.d + i % p.d];
      // A comparison alone would pass over a NaN, which has to reach the loss.
      const bool larger = x > y || tl::detail::is_nan(x);
      if (argmax >= 0 && (!larger || tl::detail::is_nan(y))) continue;
      y = x;
      argmax = static_cast<std::int32_t>(row);
    }
    p.y[i] = y;
    p.argmax[i] = argmax;
  }
};

template <class T> struct ZeroGradient {
  T* dx;
  __device__ void operator()(std::int64_t i) const { dx[i] = T(0); }
};

template <class T> struct SegmentMaxGradient {
  kernels::SegmentMaxBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t row = p.argmax[i];
    if (row >= 0 && row < p.n) p.dx[row * p.d + i % p.d] = p.dy[i];
  }
};

template <class T> static void segment_mean_forward(const kernels::SegmentMeanForward<T>& p) {
  launch_each(p.name, Shape{p.b, p.d}, p.b * p.d, SegmentMeanElement<T>{p});
}

template <class T> static void segment_mean_backward(const kernels::SegmentMeanBackward<T>& p) {
  launch_each(p.name, Shape{p.n, p.d}, p.n * p.d, SegmentMeanGradient<T>{p});
}

template <class T> static void segment_max_forward(const kernels::SegmentMaxForward<T>& p) {
  launch_each(p.name, Shape{p.b, p.d}, p.b * p.d, SegmentMaxElement<T>{p});
}

template <class T> static void segment_max_backward(const kernels::SegmentMaxBackward<T>& p) {
  launch_each(p.name, Shape{p.n, p.d}, p.n * p.d, ZeroGradient<T>{p.dx});
  launch_each(p.name, Shape{p.b, p.d}, p.b * p.d, SegmentMaxGradient<T>{p});
}

template <class T> static void provide_segments() {
  kernels::provide_cuda(&segment_mean_forward<T>, &segment_mean_backward<T>, &segment_max_forward<T>,
                        &segment_max_backward<T>);
}

[[maybe_unused]] static const bool segments_registered = [] {
  provide_segments<float>();
  provide_segments<double>();
  return true;
}();

}  // namespace tl::cuda
