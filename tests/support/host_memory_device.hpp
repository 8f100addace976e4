// A stand-in for a GPU: tensors "on cuda:0" whose memory is the host's. It shows what an operation does with devices on
// a machine without one.
#pragma once

#include <cstdlib>
#include <cstring>
#include <utility>

#include <tl/core/device.hpp>

namespace tl::test {

/// As long as it lives, cuda:0 is there.
class HostMemoryDevice {
 public:
  HostMemoryDevice()
      : previous_(std::exchange(
            cuda_backend,
            {.unavailable_reason = [] { return std::string(); },
             .allocate = [](std::size_t bytes) { return std::malloc(bytes); },
             .release = [](void* memory) noexcept { std::free(memory); },
             .allocate_pinned = [](std::size_t bytes) { return std::malloc(bytes); },
             .release_pinned = [](void* memory) noexcept { std::free(memory); },
             .fill_zero = [](void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); },
             .copy = [](void* to, const void* from, std::size_t bytes, CopyKind) { std::memcpy(to, from, bytes); },
             .copy_async = [](void* to, const void* from, std::size_t bytes,
                              CopyKind) { std::memcpy(to, from, bytes); },
             .synchronize = [] {}})) {}
  ~HostMemoryDevice() { cuda_backend = previous_; }
  HostMemoryDevice(const HostMemoryDevice&) = delete;
  HostMemoryDevice& operator=(const HostMemoryDevice&) = delete;

 private:
  DeviceBackend previous_;
};

}  // namespace tl::test
