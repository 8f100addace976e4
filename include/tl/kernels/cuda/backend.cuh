// Fills the hooks of core/device.hpp before main(): memory, copies, and why CUDA cannot be used here. Memory comes from
// the driver's stream-ordered pool, which keeps freed blocks because a training step asks for the same sizes again.
#pragma once

#include <cstdlib>
#include <string>

#include <tl/core/device.hpp>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

static __global__ void probe_kernel() {}

/// "13.0" from CUDA's 13000.
static std::string version_text(int version) { return str_cat(version / 1000, ".", version % 1000 / 10); }

static std::string find_unavailable_reason() {
  int driver = 0, runtime = 0, devices = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  if (driver == 0) return "no NVIDIA driver is installed on this machine";
  const cudaError_t counted = cudaGetDeviceCount(&devices);
  if (counted == cudaErrorInsufficientDriver)
    return str_cat("this program needs a driver for CUDA ", version_text(runtime),
                   " or newer, the installed one is for ", version_text(driver));
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && devices == 0)) {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    return visible ? str_cat("no NVIDIA GPU is visible with CUDA_VISIBLE_DEVICES=", visible)
                   : std::string("the NVIDIA driver finds no GPU");
  }
  if (counted != cudaSuccess) return str_cat("the NVIDIA driver answers: ", cudaGetErrorString(counted));

  cudaFuncAttributes attributes;
  const cudaError_t probed = cudaFuncGetAttributes(&attributes, probe_kernel);
  if (probed == cudaSuccess) return "";
  (void)cudaGetLastError();
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) return str_cat("GPU 0: ", cudaGetErrorString(probed));
  return str_cat("tl::cuda was not compiled for GPU 0, ", properties.name, ", compute capability ", properties.major,
                 ".", properties.minor, ": ", cudaGetErrorString(probed), "; add it to TL_CUDA_ARCHITECTURES");
}

static std::string unavailable_reason() {
  static const std::string reason = find_unavailable_reason();
  return reason;
}

/// Tells the pool to keep freed memory; without this every synchronisation would return it to the system.
static void keep_freed_memory() {
  cudaMemPool_t pool = nullptr;
  cuda_check(cudaDeviceGetDefaultMemPool(&pool, 0), "cannot find the memory pool of GPU 0");
  std::uint64_t keep = UINT64_MAX;
  cuda_check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "cannot set up the memory pool");
}

static void* allocate(std::size_t bytes) {
  [[maybe_unused]] static const bool once = (keep_freed_memory(), true);
  void* memory = nullptr;
  const cudaError_t status = cudaMallocAsync(&memory, std::max<std::size_t>(1, bytes), nullptr);
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    std::size_t free = 0, total = 0;
    (void)cudaMemGetInfo(&free, &total);
    fail(ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes on ", cuda_device, ", where ", free,
         " of ", total, " bytes are free");
  }
  cuda_check(status, "cannot allocate ", bytes, " bytes");
  return memory;
}

// Freeing fails when the driver is shutting down (a tensor of static duration); there is no one left to tell.
static void release(void* memory) noexcept { (void)cudaFreeAsync(memory, nullptr); }

static void fill_zero(void* memory, std::size_t bytes) {
  cuda_check(cudaMemsetAsync(memory, 0, bytes, nullptr), "cannot fill ", bytes, " bytes with zero");
}

static void copy(void* to, const void* from, std::size_t bytes, CopyKind kind) {
  switch (kind) {
    case CopyKind::host_to_device:
      return cuda_check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "cannot copy ", bytes,
                        " bytes to the GPU");
    case CopyKind::device_to_host:
      return cuda_check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "cannot copy ", bytes,
                        " bytes from the GPU");
    case CopyKind::device_to_device:
      return cuda_check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, nullptr), "cannot copy ", bytes,
                        " bytes on the GPU");
  }
}

static void copy_async(void* to, const void* from, std::size_t bytes, CopyKind) {
  cuda_check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, nullptr), "cannot copy ", bytes, " bytes");
}

static void* allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  cuda_check(cudaMallocHost(&memory, std::max<std::size_t>(1, bytes)), "cannot allocate ", bytes, " pinned bytes");
  return memory;
}

// cudaFreeHost waits for copies that are under way.
static void release_pinned(void* memory) noexcept { (void)cudaFreeHost(memory); }

static void* record_event() {
  cudaEvent_t event = nullptr;
  cuda_check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cannot make an event");
  cuda_check(cudaEventRecord(event, nullptr), "cannot record an event");
  return event;
}

static void wait_event(void* event) {
  cuda_check(cudaEventSynchronize(static_cast<cudaEvent_t>(event)), "a kernel failed");
}

static void release_event(void* event) noexcept { (void)cudaEventDestroy(static_cast<cudaEvent_t>(event)); }

static void synchronize() { cuda_check(cudaStreamSynchronize(nullptr), "a kernel failed"); }

[[maybe_unused]] static const bool backend_registered = [] {
  cuda_backend = {.unavailable_reason = &unavailable_reason,
                  .allocate = &allocate,
                  .release = &release,
                  .allocate_pinned = &allocate_pinned,
                  .release_pinned = &release_pinned,
                  .fill_zero = &fill_zero,
                  .copy = &copy,
                  .copy_async = &copy_async,
                  .record_event = &record_event,
                  .wait_event = &wait_event,
                  .release_event = &release_event,
                  .synchronize = &synchronize};
  return true;
}();

}  // namespace tl::cuda
