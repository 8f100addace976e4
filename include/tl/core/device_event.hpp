// DeviceEvent: a mark in the work of a GPU, so that the CPU can wait for what was given before it, and not for more.
#pragma once

#include <utility>

#include <tl/core/device.hpp>

namespace tl {

/// A mark after all work that a GPU was given so far. Move-only; a mark that was waited for stays passed.
class [[nodiscard]] DeviceEvent {
 public:
  /// No mark: wait() returns at once.
  DeviceEvent() = default;
  /// A mark in the work of `device`; none on the CPU, which has done all it was given. Throws Error(device) if the
  /// device cannot be used.
  explicit DeviceEvent(Device device) {
    if (device.type == DeviceType::cpu) return;
    require(device);
    event_ = cuda_backend.record_event();
  }
  ~DeviceEvent() {
    if (event_) cuda_backend.release_event(event_);
  }
  DeviceEvent(DeviceEvent&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  DeviceEvent& operator=(DeviceEvent&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }

  /// Waits until the work before the mark is done. Throws Error(device) if it failed.
  void wait() const {
    if (event_) cuda_backend.wait_event(event_);
  }

 private:
  void* event_ = nullptr;
};

}  // namespace tl
