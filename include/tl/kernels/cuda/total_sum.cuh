// The sum of a flat range in double, in two stages without atomics: a block of threads sums each fixed chunk, one block
// adds the chunks. Which thread adds what, and in which order, depends on the length alone, so that the bits do not
// depend on the GPU.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/reduce.cuh>

namespace tl::cuda {

inline constexpr int total_sum_threads = 256;
inline constexpr std::int64_t total_sum_chunk = 16384;

template <class Term>
static __global__ void chunk_sums_kernel(Term term, std::int64_t n, const std::uint8_t* active, double* sums) {
  const std::int64_t chunk = blockIdx.x, first = chunk * total_sum_chunk;
  const std::int64_t end = first + total_sum_chunk, last = end < n ? end : n;
  double sum = 0.0;
  if (!active || active[chunk])
    for (std::int64_t i = first + threadIdx.x; i < last; i += total_sum_threads) sum += term(i);
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[chunk] = sum;
}

template <class Finish>
static __global__ void add_chunks_kernel(const double* sums, std::int64_t chunks, Finish finish) {
  double sum = 0.0;
  for (std::int64_t chunk = threadIdx.x; chunk < chunks; chunk += total_sum_threads) sum += sums[chunk];
  sum = block_sum(sum);
  if (threadIdx.x == 0) finish(sum);
}

/// Calls finish(the sum of term(i) for i in [0, n)) in one thread. Chunks of total_sum_chunk elements whose byte in
/// `active` is 0 are known to be zero; null: none is.
template <class Term, class Finish>
static void sum_all(const char* operation, std::int64_t n, const Term& term, const Finish& finish,
                    const std::uint8_t* active = nullptr) {
  const std::int64_t chunks = blocks_for(n, total_sum_chunk);
  const Workspace<double> sums(chunks);
  Launch how{.operation = operation, .shape = Shape{n}, .blocks = chunks, .threads = total_sum_threads};
  launch(how, chunk_sums_kernel<Term>, term, n, active, sums.data());
  how.blocks = 1;
  launch(how, add_chunks_kernel<Finish>, static_cast<const double*>(sums.data()), chunks, finish);
}

/// The term of sum_all for numbers as they are.
template <class T> struct ElementTerm {
  const T* x;
  __device__ double operator()(std::int64_t i) const { return static_cast<double>(x[i]); }
};

/// The `finish` of sum_all that writes scale * sum / divisor, rounded once.
template <class T> struct WriteScaledSum {
  T* result;
  double scale = 1.0;
  double divisor = 1.0;
  __device__ void operator()(double sum) const { *result = static_cast<T>(scale * sum / divisor); }
};

}  // namespace tl::cuda
