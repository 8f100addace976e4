// What products keep of a weight that they meet again before it changes.
#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include <tl/core/fork_gate.hpp>
#include <tl/core/tensor.hpp>

namespace tl::kernels {

/// A weight in the form in which one kind of product reads it. The first product makes it, the kernel decides what it
/// is; later ones, on any thread, only read it.
class KeptWeight {
 public:
  /// What was made; null if nothing was, yet.
  const float* packed() const { return ready_ ? packed_.data() : nullptr; }

  /// Keeps what was made, if it is the first. No lock is held while it is made: that takes the thread pool, and a job
  /// of the pool might wait for the lock.
  const float* keep(const Tensor<float>& packed) {
    const std::shared_lock gate(tl::detail::fork_gate());
    const std::scoped_lock lock(mutex_);
    if (!ready_) packed_ = packed;
    ready_ = true;
    return this->packed();
  }

 private:
  std::atomic<bool> ready_{false};
  std::mutex mutex_;
  Tensor<float> packed_;
};

}  // namespace tl::kernels
