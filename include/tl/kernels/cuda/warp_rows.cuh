// Kernels with a warp for each row of a matrix: which row and which lane the calling thread has.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include <tl/kernels/cuda/reduce.cuh>

namespace tl::cuda {

inline constexpr int row_threads = 256;
inline constexpr int rows_per_block = row_threads / warp_size;

/// The row of the calling warp, where blocks of row_threads have a warp for each row.
inline __device__ std::int64_t row_of_warp() {
  return static_cast<std::int64_t>(blockIdx.x) * rows_per_block + threadIdx.x / warp_size;
}

inline __device__ int lane_of_warp() { return static_cast<int>(threadIdx.x % warp_size); }

}  // namespace tl::cuda
