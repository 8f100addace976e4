// Rows on the GPU: row_broadcast, concat and gather_rows.
#pragma once

#include <cstdint>
#include <limits>

#include <tl/kernels/concat.hpp>
#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/gather_rows.hpp>
#include <tl/kernels/row_broadcast.hpp>

namespace tl::cuda {

template <class T> struct RowBroadcastElement {
  kernels::RowBroadcastForward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const T x = p.x[i], row = p.row[i % p.d];
    p.y[i] = p.multiply ? x * row : x + row;
  }
};

template <class T> struct RowBroadcastGradient {
  kernels::RowBroadcastBackward<T> p;
  __device__ void operator()(std::int64_t i) const { p.dx[i] = p.multiply ? p.dy[i] * p.row[i % p.d] : p.dy[i]; }
};

/// What a row of the matrix adds to drow.
template <class T> struct RowBroadcastTerm {
  kernels::RowBroadcastBackward<T> p;
  __device__ T operator()(std::int64_t i) const { return p.multiply ? p.dy[i] * p.x[i] : p.dy[i]; }
};

template <class T> static void row_broadcast_forward(const kernels::RowBroadcastForward<T>& p) {
  launch_each(p.name, Shape{p.n, p.d}, p.n * p.d, RowBroadcastElement<T>{p});
}

template <class T> static void row_broadcast_backward(const kernels::RowBroadcastBackward<T>& p) {
  add_column_sums(p.name, p.n, p.d, RowBroadcastTerm<T>{p}, p.drow);
  if (p.dx) launch_each(p.name, Shape{p.n, p.d}, p.n * p.d, RowBroadcastGradient<T>{p});
}

template <class T> struct ConcatElement {
  kernels::ConcatForward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t width = p.a_width + p.b_width, row = i / width, column = i % width;
    p.y[i] = column < p.a_width ? p.a[row * p.a_width + column] : p.b[row * p.b_width + column - p.a_width];
  }
};

template <class T> struct ConcatGradient {
  kernels::ConcatBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t width = p.a_width + p.b_width, row = i / width, column = i % width;
    if (column < p.a_width) {
      if (p.da) p.da[row * p.a_width + column] = p.dy[i];
    } else if (p.db) {
      p.db[row * p.b_width + column - p.a_width] = p.dy[i];
    }
  }
};

/// The body that calls an `Element` for each element of the joined matrix.
template <class Element, class Contract> static void concat(const Contract& p) {
  const std::int64_t width = p.a_width + p.b_width;
  launch_each(p.name, Shape{p.rows, width}, p.rows * width, Element{p});
}

// A row number that is not one of x gives NaN, which reaches the loss, and not what lies beside x.
template <class T> struct GatherRowsElement {
  Stored<const T> x;
  Stored<T> y;
  const std::int32_t* rows;
  std::int64_t n, d;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t row = rows[i / d];
    store(y, i, row >= 0 && row < n ? load(x, row * d + i % d) : std::numeric_limits<T>::quiet_NaN());
  }
};

// One warp per entry of `rows`. The first entry that names a row adds the gradients of all that name it, in their
// order, so that nothing is added to a row by two warps.
template <class T> static __global__ void gather_rows_backward_kernel(kernels::GatherRowsBackward<T> p, T* into) {
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * each_threads + threadIdx.x;
  const std::int64_t first = thread / warp_size, lane = thread % warp_size;
  if (first >= p.m) return;
  const std::int64_t row = p.rows[first];
  if (row < 0 || row >= p.n) return;
  bool named_before = false;
  for (std::int64_t i = lane; i < first; i += warp_size) named_before |= p.rows[i] == row;
  if (__any_sync(full_warp, named_before)) return;
  T* const dx = into + row * p.d;
  for (std::int64_t i = first; i < p.m; ++i) {
    if (p.rows[i] != row) continue;
    for (std::int64_t c = lane; c < p.d; c += warp_size) dx[c] += load(p.dy, i * p.d + c);
  }
}

template <class T> static void gather_rows_forward(const kernels::GatherRowsForward<T>& p) {
  launch_each(p.name, Shape{p.m, p.d}, p.m * p.d, GatherRowsElement<T>{p.x, p.y, p.rows, p.n, p.d});
}

template <class T> static void gather_rows_backward(const kernels::GatherRowsBackward<T>& p) {
  launch(Launch{.operation = p.name,
                .shape = Shape{p.m, p.d},
                .blocks = blocks_for(p.m, each_threads / warp_size),
                .threads = each_threads},
         gather_rows_backward_kernel<T>, p, own(p.name, p.dx));
}

template <class T> static void provide_rows() {
  kernels::provide_cuda(
      &row_broadcast_forward<T>, &row_broadcast_backward<T>, &concat<ConcatElement<T>, kernels::ConcatForward<T>>,
      &concat<ConcatGradient<T>, kernels::ConcatBackward<T>>, &gather_rows_forward<T>, &gather_rows_backward<T>);
}

[[maybe_unused]] static const bool rows_registered = [] {
  provide_rows<float>();
  provide_rows<double>();
  return true;
}();

}  // namespace tl::cuda
