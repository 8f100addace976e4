// Starting kernels on the stream of tl, so that the result of each is there for the next one and for a copy to the
// host. A kernel is `static __global__` and its callers are `static` too: a weak host stub shared between libraries can
// silently launch nothing.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#include <tl/core/device.hpp>
#include <tl/core/dtype.hpp>
#include <tl/core/error.hpp>
#include <tl/core/shape.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/cuda/memory.cuh>
#include <tl/kernels/cuda/reduce.cuh>
#include <tl/kernels/cuda/runtime.cuh>
#include <tl/kernels/cuda/shared_memory.cuh>
#include <tl/kernels/cuda/stream.cuh>

namespace tl::cuda {

/// Number of blocks of `per_block` things that cover `count` things.
inline std::int64_t blocks_for(std::int64_t count, std::int64_t per_block) {
  return (count + per_block - 1) / per_block;
}

/// The address of a matrix that is in the kernel's own type, null if there is no matrix. Throws Error(dtype), naming
/// the operation, for one in another format.
template <class T> T* own(const char* operation, Stored<T> matrix) {
  check(!matrix || matrix.own() != nullptr, ErrorCode::dtype, operation, " on ", cuda_device, ": expected a matrix in ",
        to_string(dtype_of<typename Stored<T>::Own>), ", got one in ", to_string(matrix.format));
  return matrix.own();
}

/// How a kernel is started. Where it is made, its name is needed in front of the braces: nvcc does not compile
/// `launch({.operation = ...}, ...)`.
struct Launch {
  const char* operation;         ///< for errors
  Shape shape;                   ///< what it works on, for errors
  std::int64_t blocks;           ///< gridDim.x; nothing is started if it is 0
  int threads;                   ///< of a block
  std::size_t shared_bytes = 0;  ///< of TL_DYNAMIC_SHARED; more than 48 KiB if the GPU has so much
  std::int64_t blocks_y = 1;     ///< gridDim.y; nothing is started if it is 0
};

/// Starts `kernel` and returns without waiting. Throws Error(device), naming operation and shape, if it cannot be
/// started, and Error(shape) if the grid is too large.
template <class... Parameters, class... Arguments>
void launch(const Launch& how, void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (how.blocks == 0 || how.blocks_y == 0) return;
  check(how.blocks <= 0x7FFFFFFF && how.blocks_y <= 0xFFFF, ErrorCode::shape, how.operation, " of ", how.shape,
        ": expected at most 2147483647 by 65535 blocks of threads, got ", how.blocks, " by ", how.blocks_y,
        "; use smaller batches");
  constexpr std::size_t always_there = 48 * 1024;
  if (how.shared_bytes > always_there)
    cuda_check(
        runtime.func_set_attribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(how.shared_bytes)),
        how.operation, " of ", how.shape, ": this GPU has less than ", how.shared_bytes,
        " bytes of shared memory for a block");
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(how.blocks), static_cast<unsigned>(how.blocks_y));
  config.blockDim = dim3(static_cast<unsigned>(how.threads));
  config.dynamicSmemBytes = how.shared_bytes;
  config.stream = stream();
  cuda_check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), how.operation, " of ",
             how.shape, ": cannot start the kernel");
  StartedKernels::instance().add(how.operation, how.shape);
}

}  // namespace tl::cuda
