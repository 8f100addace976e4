// Sums over the rows of matrices, for the gradients of bias, gamma and beta, in two stages without atomics: pieces of
// rows are summed, then the pieces of each column. Pieces and the order in which they are added depend on the number of
// rows alone, so the bits do not depend on the GPU.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int column_sum_threads = 128;
inline constexpr std::int64_t rows_per_piece = 32;
inline constexpr int piece_lanes = 8;  // of the second stage: each adds every eighth piece

/// What a thread of the first stage adds up: it sees all rows of a piece for one column. `Terms` has
/// void operator()(row, column, T (&sums)[count]) const, which adds to `count` sums.
template <class T, int count, class Terms>
static __global__ void sum_pieces_kernel(Terms terms, std::int64_t n, std::int64_t d, std::int64_t pieces, T* partial) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * column_sum_threads + threadIdx.x;
  if (index >= pieces * d) return;
  const std::int64_t column = index % d, first = index / d * rows_per_piece;
  const std::int64_t last = std::min(n, first + rows_per_piece);
  T sums[count] = {};
  for (std::int64_t row = first; row < last; ++row) terms(row, column, sums);
  for (int i = 0; i < count; ++i) partial[i * pieces * d + index] = sums[i];
}

/// Where sums go; null if a sum is not wanted.
template <class T, int count> struct ColumnSumTargets { T* into[count]; };

/// into[i][column] += the sum of the pieces. A block has warp_size columns of sum blockIdx.y.
template <class T, int count>
static __global__ void add_pieces_kernel(const T* partial, std::int64_t pieces, std::int64_t d,
                                         ColumnSumTargets<T, count> targets) {
  TL_SHARED(T, lanes, piece_lanes * warp_size);
  T* const into = targets.into[blockIdx.y];
  const int x = static_cast<int>(threadIdx.x) % warp_size, lane = static_cast<int>(threadIdx.x) / warp_size;
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * warp_size + x;
  const T* const from = partial + blockIdx.y * pieces * d;
  T sum = 0;
  for (std::int64_t piece = lane; into && column < d && piece < pieces; piece += piece_lanes)
    sum += from[piece * d + column];
  lanes[lane * warp_size + x] = sum;
  __syncthreads();
  if (lane != 0 || !into || column >= d) return;
  for (int other = 1; other < piece_lanes; ++other) sum += lanes[other * warp_size + x];
  into[column] += sum;
}

/// into[i][column] += sum over n rows of what `terms` adds to sum i, for `d` columns; a null `into` is left out.
template <class T, int count, class Terms>
static void add_column_sums(const char* operation, std::int64_t n, std::int64_t d, const Terms& terms,
                            const ColumnSumTargets<T, count>& targets) {
  if (n == 0 || d == 0 || std::ranges::none_of(targets.into, [](const T* into) { return into != nullptr; })) return;
  const std::int64_t pieces = blocks_for(n, rows_per_piece);
  const Workspace<T> partial(count * pieces * d);
  launch(Launch{.operation = operation,
                .shape = {n, d},
                .blocks = blocks_for(pieces * d, column_sum_threads),
                .threads = column_sum_threads},
         sum_pieces_kernel<T, count, Terms>, terms, n, d, pieces, partial.data());
  launch(Launch{.operation = operation,
                .shape = {n, d},
                .blocks = blocks_for(d, warp_size),
                .threads = piece_lanes * warp_size,
                .blocks_y = count},
         add_pieces_kernel<T, count>, partial.data(), pieces, d, targets);
}

/// Terms of one sum: term(row * d + column).
template <class T, class Term> struct OneTerm {
  Term term;
  std::int64_t d;
  __device__ void operator()(std::int64_t row, std::int64_t column, T (&sums)[1]) const {
    sums[0] += term(row * d + column);
  }
};

/// The term of a matrix as it is.
template <class T> struct MatrixElement {
  Stored<const T> values;
  __device__ T operator()(std::int64_t i) const { return load(values, i); }
};

/// into[column] += sum over n rows of term(row * d + column), for `d` columns; nothing if `into` is null.
template <class T, class Term>
static void add_column_sums(const char* operation, std::int64_t n, std::int64_t d, const Term& term, T* into) {
  add_column_sums<T, 1>(operation, n, d, OneTerm<T, Term>{term, d}, {{into}});
}

}  // namespace tl::cuda
