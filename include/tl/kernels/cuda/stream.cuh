// The one stream of tl, on which everything runs in the order in which the host asked for it. It is not the default
// stream, which waits for the streams of other libraries in the same program.
#pragma once

#include <cuda_runtime.h>

#include <mutex>
#include <vector>

#include <tl/kernels/cuda/runtime.cuh>

namespace tl::cuda {

/// The stream; made at the first call. Throws Error(device) if it cannot be made.
[[gnu::visibility("default")]] inline cudaStream_t stream() {
  static const cudaStream_t made = [] {
    cudaStream_t fresh = nullptr;
    cuda_check(runtime.stream_create_with_flags(&fresh, cudaStreamNonBlocking), "cannot create a stream");
    return fresh;
  }();
  return made;
}

/// Waits until all that was asked for is done. Throws Error(device) with the kernels in question if one of them failed.
inline void synchronize() {
  cuda_check(runtime.stream_synchronize(stream()), "a kernel failed");
  StartedKernels::instance().clear();
}

/// Events that mark places in the stream; they are kept, since making one asks the driver.
class Events {
 public:
  /// An event that is not in use. Throws Error(device) if none can be made.
  cudaEvent_t take() {
    const std::scoped_lock lock(mutex_);
    cudaEvent_t event = nullptr;
    if (spare_.empty()) {
      cuda_check(runtime.event_create_with_flags(&event, cudaEventDisableTiming), "cannot create an event");
    } else {
      event = spare_.back();
      spare_.pop_back();
    }
    return event;
  }

  void give_back(cudaEvent_t event) noexcept {
    const std::scoped_lock lock(mutex_);
    spare_.push_back(event);
  }

  /// The events of the process; never destroyed.
  [[gnu::visibility("default")]] static Events& instance() {
    static Events& events = *new Events;
    return events;
  }

 private:
  std::mutex mutex_;
  std::vector<cudaEvent_t> spare_;
};

}  // namespace tl::cuda
