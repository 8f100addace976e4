// Sums over the rows of a matrix, for the gradients of what is shared by all rows: in two stages without atomics. The
// first sums fixed pieces of rows, the second adds the pieces in order, so that the bits do not depend on the GPU.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int column_sums_threads = 128;
inline constexpr std::int64_t column_sums_rows_per_piece = 64;

// One thread per column of a piece; neighbouring threads read neighbouring columns.
template <class T, class Term>
static __global__ void column_pieces_kernel(Term term, std::int64_t n, std::int64_t d, std::int64_t pieces, T* sums) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * column_sums_threads + threadIdx.x;
  if (index >= pieces * d) return;
  const std::int64_t column = index % d, first = index / d * column_sums_rows_per_piece;
  const std::int64_t end = first + column_sums_rows_per_piece, last = end < n ? end : n;
  T sum = 0;
  for (std::int64_t row = first; row < last; ++row) sum += term(row * d + column);
  sums[index] = sum;
}

/// into[column] += the sum of `pieces` rows of `from`, for each of `d` columns.
template <class T>
static __global__ void add_column_pieces_kernel(const T* from, std::int64_t pieces, std::int64_t d, T* into) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * column_sums_threads + threadIdx.x;
  if (column >= d) return;
  T sum = 0;
  for (std::int64_t piece = 0; piece < pieces; ++piece) sum += from[piece * d + column];
  into[column] += sum;
}

/// into[column] += the sum over n rows of term(row * d + column), for each of d columns; nothing if `into` is null.
template <class T, class Term>
static void add_column_sums(const char* operation, std::int64_t n, std::int64_t d, const Term& term, T* into) {
  if (!into || n == 0 || d == 0) return;
  const std::int64_t pieces = blocks_for(n, column_sums_rows_per_piece);
  const Workspace<T> sums(pieces * d);
  Launch how{.operation = operation,
             .shape = Shape{n, d},
             .blocks = blocks_for(pieces * d, column_sums_threads),
             .threads = column_sums_threads};
  launch(how, column_pieces_kernel<T, Term>, term, n, d, pieces, sums.data());
  how.blocks = blocks_for(d, column_sums_threads);
  launch(how, add_column_pieces_kernel<T>, static_cast<const T*>(sums.data()), pieces, d, into);
}

/// The term of add_column_sums for a matrix as it is.
template <class T> struct MatrixElement {
  const T* values;
  __device__ T operator()(std::int64_t i) const { return values[i]; }
};

}  // namespace tl::cuda
