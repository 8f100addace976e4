// Sums and maxima over the lanes of a warp, and sums over the threads of a block. The order is fixed by the number of
// threads, so the same input gives the same bits each time and on each GPU.
#pragma once

#include <cuda_runtime.h>

#include <tl/kernels/cuda/shared_memory.cuh>

namespace tl::cuda {

inline constexpr int warp_size = 32;
inline constexpr unsigned full_warp = 0xFFFFFFFFU;

/// Sum over the 32 lanes of a full warp; every lane gets it.
template <class T> __device__ T warp_sum(T value) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(full_warp, value, distance);
  return value;
}

/// Largest of the 32 lanes of a full warp; every lane gets it. NaN is passed over unless all are NaN.
template <class T> __device__ T warp_max(T value) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2) {
    const T other = __shfl_xor_sync(full_warp, value, distance);
    value = value > other || other != other ? value : other;
  }
  return value;
}

/// Sum over all threads of a block of full warps, at most 1024; every thread gets it. All threads must call it.
template <class T> __device__ T block_sum(T value) {
  TL_SHARED(T, partial, warp_size);
  const int warp = static_cast<int>(threadIdx.x) / warp_size, warps = static_cast<int>(blockDim.x) / warp_size;
  value = warp_sum(value);
  __syncthreads();  // who called before has read
  if (threadIdx.x % warp_size == 0) partial[warp] = value;
  __syncthreads();
  T sum = 0;
  for (int i = 0; i < warps; ++i) sum += partial[i];
  return sum;
}

}  // namespace tl::cuda
