// Memory that a kernel needs for a moment. It grows and is kept, so that a training step allocates nothing after the
// first one; a kernel holds one per thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace tl::cpu {

/// An uninitialised buffer aligned to a cache line, which is also the width of the widest vector.
template <class T> class Scratch {
 public:
  /// At least `count` elements. The content is lost when the buffer has to grow.
  T* get(std::int64_t count) {
    if (count > capacity_) {
      memory_.reset();
      memory_.reset(static_cast<T*>(::operator new(static_cast<std::size_t>(count) * sizeof(T), alignment)));
      capacity_ = count;
    }
    return memory_.get();
  }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(T* memory) const { ::operator delete(memory, alignment); }
  };
  std::unique_ptr<T, Free> memory_;
  std::int64_t capacity_ = 0;
};

/// Memory of this thread for `count` elements, each 1: what a kernel keeps of one row. Valid until the next call.
template <class T> T* ones(std::int64_t count) {
  thread_local Scratch<T> memory;
  T* const values = memory.get(count);
  std::fill_n(values, count, T(1));
  return values;
}

}  // namespace tl::cpu
