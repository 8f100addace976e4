// Sums over the rows of a matrix, for gradients of biases and the like, in two stages without atomics: the first adds
// pieces of a fixed number of rows, the second adds the pieces in order. So the bits do not depend on the GPU.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include <tl/core/shape.hpp>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int column_sums_threads = 256;
inline constexpr std::int64_t column_sums_rows = 64;  // of a piece

/// pieces[piece, column] is the sum of term(row, column) over the rows of a piece. One thread each; neighbouring
/// threads have neighbouring columns.
template <class T, class Term>
static __global__ void column_pieces_kernel(Term term, std::int64_t n, std::int64_t d, std::int64_t count, T* pieces) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * column_sums_threads + threadIdx.x;
  if (index >= count * d) return;
  const std::int64_t column = index % d, first = index / d * column_sums_rows;
  const std::int64_t last = min(n, first + column_sums_rows);
  T sum = 0;
  for (std::int64_t row = first; row < last; ++row) sum += term(row, column);
  pieces[index] = sum;
}

/// into[column] += the sum of `count` rows of pieces.
template <class T>
static __global__ void add_pieces_kernel(const T* pieces, std::int64_t count, std::int64_t d, T* into) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * column_sums_threads + threadIdx.x;
  if (column >= d) return;
  T sum = 0;
  for (std::int64_t piece = 0; piece < count; ++piece) sum += pieces[piece * d + column];
  into[column] += sum;
}

/// An element of a row-major matrix with D columns, as a term of a sum.
template <class T> struct ElementTerm {
  const T* matrix;
  std::int64_t d;
  __device__ T operator()(std::int64_t row, std::int64_t column) const { return matrix[row * d + column]; }
};

/// into[column] += the sum of term(row, column) over N rows, for D columns.
template <class T, class Term>
static void add_column_sums(const char* operation, std::int64_t n, std::int64_t d, const Term& term, T* into) {
  if (n == 0 || d == 0) return;
  const std::int64_t count = blocks_for(n, column_sums_rows);
  const Workspace<T> pieces(count * d);
  const auto how = [&](std::int64_t threads) {
    return Launch{.operation = operation,
                  .shape = {n, d},
                  .blocks = blocks_for(threads, column_sums_threads),
                  .threads = column_sums_threads};
  };
  launch(how(count * d), column_pieces_kernel<T, Term>, term, n, d, count, pieces.data());
  launch(how(d), add_pieces_kernel<T>, static_cast<const T*>(pieces.data()), count, d, into);
}

}  // namespace tl::cuda
