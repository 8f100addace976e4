// Memory that a kernel needs for a moment. It grows and is kept, so that a training step allocates nothing after the
// first one; a kernel holds one per thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

namespace tl::cpu {

/// Frees what a thread's Scratch buffers hold when the thread ends. The thread that ends the program frees its own
/// before objects of static duration are destroyed; these may still compute, with buffers that are not freed any more.
class ScratchMemory {
 public:
  void* get(std::size_t bytes) {
    if (bytes > bytes_) grow(bytes);
    return memory_;
  }

 private:
  static constexpr std::align_val_t alignment{64};

  struct ThreadEnd {
    ScratchMemory* first = nullptr;
    ~ThreadEnd() {
      ended() = true;
      for (ScratchMemory* scratch = first; scratch; scratch = scratch->next_) scratch->release();
    }
  };

  static bool& ended() {
    thread_local bool value = false;
    return value;
  }

  void release() {
    ::operator delete(memory_, alignment);
    memory_ = nullptr;
    bytes_ = 0;
  }

  void grow(std::size_t bytes) {
    if (!known_ && !ended()) {
      thread_local ThreadEnd end;
      next_ = end.first;
      end.first = this;
      known_ = true;
    }
    release();
    memory_ = ::operator new(bytes, alignment);
    bytes_ = bytes;
  }

  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
  ScratchMemory* next_ = nullptr;
  bool known_ = false;  // to the thread's end
};

/// An uninitialised buffer aligned to a cache line, which is also the width of the widest vector. To be declared
/// thread_local; it has no destructor, so it can be used until the very end of the program.
template <class T> class Scratch {
 public:
  /// At least `count` elements. The content is lost when the buffer has to grow.
  T* get(std::int64_t count) { return static_cast<T*>(memory_.get(static_cast<std::size_t>(count) * sizeof(T))); }

 private:
  ScratchMemory memory_;
};

/// Memory of this thread for `count` elements, each 1: what a kernel keeps of one row. Valid until the next call.
template <class T> T* ones(std::int64_t count) {
  thread_local Scratch<T> memory;
  T* const values = memory.get(count);
  std::fill_n(values, count, T(1));
  return values;
}

}  // namespace tl::cpu
