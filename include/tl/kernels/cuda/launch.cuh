// Starting kernels and checking what the CUDA runtime answers. Kernels run one after another on the default stream, so
// that the result of each is there for the next one and for a copy to the host. A kernel is `static __global__` and its
// callers are `static` too: a weak host stub shared between libraries can silently launch nothing.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include <tl/core/error.hpp>

namespace tl::cuda {

inline constexpr int warp_size = 32;

/// Throws Error(device) with the runtime's own words unless `status` is success. `what` is what was being done.
template <class... What> void cuda_check(cudaError_t status, const What&... what) {
  if (status == cudaSuccess) [[likely]]
    return;
  (void)cudaGetLastError();  // an error that is reported here must not be found again by the next call
  fail(ErrorCode::device, "CUDA: ", what..., ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ")");
}

/// Number of blocks of `per_block` things that cover `count` things.
inline std::int64_t blocks_for(std::int64_t count, std::int64_t per_block) {
  return (count + per_block - 1) / per_block;
}

/// Starts `kernel` on the default stream and returns without waiting; does nothing for an empty grid.
/// Throws Error(device), naming the operation, if it cannot be started.
template <class... Parameters, class... Arguments>
void launch(const char* operation, void (*kernel)(Parameters...), std::int64_t blocks, int threads_per_block,
            Arguments&&... arguments) {
  if (blocks == 0) return;
  check(blocks <= 0x7FFFFFFF, ErrorCode::shape, operation, ": expected at most 2147483647 blocks of threads, got ",
        blocks, "; use smaller batches");
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads_per_block));
  cuda_check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), operation,
             ": cannot start the kernel");
}

/// Sum over the 32 lanes of a full warp, in the same order every time; every lane gets it.
template <class T> __device__ T warp_sum(T value) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2)
    value += __shfl_xor_sync(0xFFFFFFFFU, value, distance);
  return value;
}

/// Memory for intermediate results of one operation. It is taken and given back in stream order, so the kernels that
/// were started in between may still be running when the object goes.
template <class T> class Workspace {
 public:
  explicit Workspace(std::int64_t count) {
    const std::size_t bytes = static_cast<std::size_t>(std::max<std::int64_t>(1, count)) * sizeof(T);
    cuda_check(cudaMallocAsync(&memory_, bytes, nullptr), "cannot allocate a workspace of ", bytes, " bytes");
  }
  ~Workspace() { (void)cudaFreeAsync(memory_, nullptr); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  T* data() const { return static_cast<T*>(memory_); }

 private:
  void* memory_ = nullptr;
};

}  // namespace tl::cuda
