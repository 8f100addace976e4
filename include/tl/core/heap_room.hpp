// Memory for many texts, asked of the system in larger pieces. A thread's heap of the GNU C library grows by a
// page at a time, each with a call of the system and a fault of its own: half of the time in which a thread fills
// texts.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>

namespace tl::detail {

/// Counts what a thread is about to allocate, and lets its heap grow before it is used up. What the heap holds does not
/// change, so this has no effect on results and nothing to give back.
class HeapRoom {
 public:
  /// A std::string of this text is made next.
  void take(std::string_view text) {
    if (text.size() < sizeof(std::string) / 2) return;  // it holds such a text itself
    left_ -= static_cast<std::ptrdiff_t>(text.size() + 2 * sizeof(void*));
    if (left_ < 0) grow();
  }

 private:
  // Less than what the library trims its heap for, or takes from elsewhere.
  static constexpr std::size_t size = 60 << 10;

  void grow() {
    left_ = size;
    void* const memory = ::operator new(size);
#ifdef MADV_POPULATE_WRITE
    constexpr std::uintptr_t page = 4096;
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = (begin + page - 1) / page * page, last = (begin + size) / page * page;
    (void)::madvise(reinterpret_cast<void*>(first), last - first, MADV_POPULATE_WRITE);  // older systems do not know it
#endif
    ::operator delete(memory);
  }

  std::ptrdiff_t left_ = size;  // little memory is left to the library
};

}  // namespace tl::detail
