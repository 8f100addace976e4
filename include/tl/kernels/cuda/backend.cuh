// Fills the hooks of core/device.hpp before main(): memory, copies, and why CUDA cannot be used here.
#pragma once

#include <cstring>
#include <string>
#include <utility>

#include <tl/core/device.hpp>
#include <tl/kernels/cuda/memory.cuh>
#include <tl/kernels/cuda/runtime.cuh>
#include <tl/kernels/cuda/stream.cuh>
#include <tl/kernels/cuda/unavailable.cuh>

namespace tl::cuda {

static __global__ void probe_kernel() {}

static std::string unavailable_reason() {
  static const std::string reason = find_unavailable_reason(reinterpret_cast<const void*>(probe_kernel));
  return reason;
}

static bool multiplies_in(Precision precision) { return precision != Precision::bf16 || compute_capability() >= 8; }

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
                  .multiplies_in = &multiplies_in,
                  .stores_low_precision = true,
                  .empty_cache = &empty_cache};
  return true;
}();

}  // namespace tl::cuda
