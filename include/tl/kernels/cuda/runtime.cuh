// The calls of the CUDA runtime that the device layer makes, and what their answers mean. They go through a table, so
// that a test can replace one of them and see what becomes of an error. Kernels run while the host goes on, so an error
// is often found by a later call: its sentence names the kernels that were started since the last wait.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include <tl/core/error.hpp>
#include <tl/core/shape.hpp>

namespace tl::cuda {

/// The runtime's functions under their own names, without cuda in front.
struct Runtime {
  cudaError_t (*driver_get_version)(int*) = &cudaDriverGetVersion;
  cudaError_t (*runtime_get_version)(int*) = &cudaRuntimeGetVersion;
  cudaError_t (*get_device_count)(int*) = &cudaGetDeviceCount;
  cudaError_t (*get_device_properties)(cudaDeviceProp*, int) = &cudaGetDeviceProperties;
  cudaError_t (*func_get_attributes)(cudaFuncAttributes*, const void*) = &cudaFuncGetAttributes;
  cudaError_t (*func_set_attribute)(const void*, cudaFuncAttribute, int) = &cudaFuncSetAttribute;
  cudaError_t (*mem_get_info)(std::size_t*, std::size_t*) = &cudaMemGetInfo;
  cudaError_t (*malloc)(void**, std::size_t) = &cudaMalloc;
  cudaError_t (*free)(void*) = &cudaFree;
  cudaError_t (*host_alloc)(void**, std::size_t, unsigned) = &cudaHostAlloc;
  cudaError_t (*free_host)(void*) = &cudaFreeHost;
  cudaError_t (*memset_async)(void*, int, std::size_t, cudaStream_t) = &cudaMemsetAsync;
  cudaError_t (*memcpy_async)(void*, const void*, std::size_t, cudaMemcpyKind, cudaStream_t) = &cudaMemcpyAsync;
  cudaError_t (*stream_create_with_flags)(cudaStream_t*, unsigned) = &cudaStreamCreateWithFlags;
  cudaError_t (*stream_synchronize)(cudaStream_t) = &cudaStreamSynchronize;
  cudaError_t (*event_create_with_flags)(cudaEvent_t*, unsigned) = &cudaEventCreateWithFlags;
  cudaError_t (*event_destroy)(cudaEvent_t) = &cudaEventDestroy;
  cudaError_t (*event_record)(cudaEvent_t, cudaStream_t) = &cudaEventRecord;
  cudaError_t (*event_query)(cudaEvent_t) = &cudaEventQuery;
  cudaError_t (*event_synchronize)(cudaEvent_t) = &cudaEventSynchronize;
  cudaError_t (*stream_wait_event)(cudaStream_t, cudaEvent_t, unsigned) = &cudaStreamWaitEvent;
};

/// The calls of this process. A test replaces entries before another thread uses the device.
[[gnu::visibility("default")]] inline constinit Runtime runtime{};

/// The major number of the GPU's compute capability: bfloat16 and the instructions of ptx.cuh came with 8.
inline int compute_capability() {
  static const int major = [] {
    cudaDeviceProp properties;
    return runtime.get_device_properties(&properties, 0) == cudaSuccess ? properties.major : 0;
  }();
  return major;
}

/// The kernels that were started since the host last waited for all of them, for the sentence of an error that is found
/// late.
class StartedKernels {
 public:
  void add(const char* operation, const Shape& shape) {
    const std::scoped_lock lock(mutex_);
    last_[count_++ % last_.size()] = {operation, shape};
  }

  /// All that were started have ended without an error.
  void clear() {
    const std::scoped_lock lock(mutex_);
    count_ = 0;
  }

  /// "" or "; of 20 kernels started since the last wait, the last are: add of [2, 3], sum of [6]".
  std::string sentence() {
    const std::scoped_lock lock(mutex_);
    if (count_ == 0) return {};
    std::string text = str_cat("; of ", count_, " kernels started since the last wait, the last are: ");
    const std::uint64_t named = std::min<std::uint64_t>(count_, last_.size());
    for (std::uint64_t i = count_ - named; i < count_; ++i) {
      const Started& kernel = last_[i % last_.size()];
      text += str_cat(i + named == count_ ? "" : ", ", kernel.operation, " of ", kernel.shape);
    }
    return text;
  }

  [[gnu::visibility("default")]] static StartedKernels& instance() {
    static StartedKernels& kernels = *new StartedKernels;
    return kernels;
  }

 private:
  struct Started {
    const char* operation = "";
    Shape shape;
  };

  std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::array<Started, 8> last_{};
};

/// True for the errors of a kernel that was running: after one of them no call to the GPU works in this process.
inline bool is_kernels_own(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchTimeout:
    case cudaErrorLaunchFailure:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable: return true;
    default: return false;
  }
}

[[noreturn, gnu::cold]] inline void fail_call(cudaError_t status, const std::string& what) {
  (void)cudaGetLastError();  // an error that is reported here must not be found again by the next call
  std::string after;
  if (is_kernels_own(status))
    after = StartedKernels::instance().sentence() +
            "; the GPU cannot be used any more in this process, start it again: checkpoints that were saved are whole";
  fail(ErrorCode::device, "CUDA: ", what, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ")", after);
}

/// Throws Error(device) with the runtime's own words unless `status` is success. `what` is what was being done.
template <class... What> void cuda_check(cudaError_t status, const What&... what) {
  if (status != cudaSuccess) [[unlikely]]
    fail_call(status, str_cat(what...));
}

}  // namespace tl::cuda
