// Fills the hooks of core/device.hpp before main(): memory, copies, and why CUDA cannot be used here.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <tl/core/device.hpp>
#include <tl/kernels/cuda/memory.cuh>
#include <tl/kernels/cuda/runtime.cuh>
#include <tl/kernels/cuda/stream.cuh>

namespace tl::cuda {

static __global__ void probe_kernel() {}

/// "13.0" from CUDA's 13000.
static std::string version_text(int version) { return str_cat(version / 1000, ".", version % 1000 / 10); }

static std::string find_unavailable_reason() {
  int driver = 0, toolkit = 0, devices = 0;
  (void)runtime.driver_get_version(&driver);
  (void)runtime.runtime_get_version(&toolkit);
  if (driver == 0) return "no NVIDIA driver is installed on this machine";
  const cudaError_t counted = runtime.get_device_count(&devices);
  if (counted == cudaErrorInsufficientDriver)
    return str_cat("this program needs a driver for CUDA ", version_text(toolkit),
                   " or newer, the installed one is for ", version_text(driver));
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && devices == 0)) {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    return visible ? str_cat("no NVIDIA GPU is visible with CUDA_VISIBLE_DEVICES=", visible)
                   : std::string("the NVIDIA driver finds no GPU");
  }
  if (counted != cudaSuccess) return str_cat("the NVIDIA driver answers: ", cudaGetErrorString(counted));

  cudaFuncAttributes attributes;
  const cudaError_t probed = runtime.func_get_attributes(&attributes, reinterpret_cast<const void*>(probe_kernel));
  if (probed == cudaSuccess) return "";
  (void)cudaGetLastError();
  cudaDeviceProp properties;
  if (runtime.get_device_properties(&properties, 0) != cudaSuccess)
    return str_cat("GPU 0: ", cudaGetErrorString(probed));
  return str_cat("tl::cuda was not compiled for GPU 0, ", properties.name, ", compute capability ", properties.major,
                 ".", properties.minor, ": ", cudaGetErrorString(probed), "; add it to TL_CUDA_ARCHITECTURES");
}

static std::string unavailable_reason() {
  static const std::string reason = find_unavailable_reason();
  return reason;
}

static void* allocate(std::size_t bytes) { return DeviceMemory::instance().allocate(bytes); }
static void release(void* memory) noexcept { DeviceMemory::instance().release(memory); }
static void* allocate_pinned(std::size_t bytes) { return PinnedMemory::instance().allocate(bytes); }
static void release_pinned(void* memory) noexcept { PinnedMemory::instance().release(memory); }
static void empty_cache() noexcept { DeviceMemory::instance().clear(); }

static void fill_zero(void* memory, std::size_t bytes) {
  cuda_check(runtime.memset_async(memory, 0, bytes, stream()), "cannot fill ", bytes, " bytes with zero");
}

/// "to the GPU", with the runtime's own name for it.
static std::pair<cudaMemcpyKind, const char*> way_of(CopyKind kind) {
  switch (kind) {
    case CopyKind::host_to_device: return {cudaMemcpyHostToDevice, "to the GPU"};
    case CopyKind::device_to_host: return {cudaMemcpyDeviceToHost, "from the GPU"};
    case CopyKind::device_to_device: return {cudaMemcpyDeviceToDevice, "on the GPU"};
  }
  return {cudaMemcpyDefault, ""};
}

static void copy_async(void* to, const void* from, std::size_t bytes, CopyKind kind) {
  if (bytes == 0) return;
  const auto [runtimes_kind, way] = way_of(kind);
  cuda_check(runtime.memcpy_async(to, from, bytes, runtimes_kind, stream()), "cannot copy ", bytes, " bytes ", way);
}

// A small copy to the GPU goes through pinned memory: the runtime would wait for the stream before it reads memory that
// is not pinned.
static void copy(void* to, const void* from, std::size_t bytes, CopyKind kind) {
  constexpr std::size_t largest_staged = std::size_t{4} << 20;
  if (kind == CopyKind::host_to_device && bytes <= largest_staged) {
    void* const staged = allocate_pinned(bytes);
    std::memcpy(staged, from, bytes);
    copy_async(to, staged, bytes, kind);
    return release_pinned(staged);
  }
  copy_async(to, from, bytes, kind);
  if (kind != CopyKind::device_to_device) synchronize();
}

static void* record_event() {
  const cudaEvent_t event = Events::instance().take();
  cuda_check(runtime.event_record(event, stream()), "cannot record an event");
  return event;
}

static void wait_event(void* event) {
  cuda_check(runtime.event_synchronize(static_cast<cudaEvent_t>(event)), "a kernel failed");
}

static void release_event(void* event) noexcept { Events::instance().give_back(static_cast<cudaEvent_t>(event)); }

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
                  .synchronize = &synchronize,
                  .empty_cache = &empty_cache};
  return true;
}();

}  // namespace tl::cuda
