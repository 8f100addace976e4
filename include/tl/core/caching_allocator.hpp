// The allocator of CPU tensors. A training step allocates and frees some hundred blocks, of other sizes in every
// batch, because batches differ in their number of tokens. The system's allocator would map fresh pages for the large
// ones and clear them, step after step. This one cuts its blocks out of large chunks that it keeps. After the largest
// batch no memory is fetched.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>

#include <pthread.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include <tl/core/chunks.hpp>
#include <tl/core/error.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define TL_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TL_ADDRESS_SANITIZER 1
#endif
#endif

namespace tl::detail {

/// Where a page of the large kind may begin; blocks of at least twice as much are placed there.
inline constexpr std::size_t huge_page = std::size_t{1} << 21;

/// Asks for pages of the large kind: 512 times fewer page faults and translations. The system may refuse.
inline void prefer_huge_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  madvise(block, bytes, MADV_HUGEPAGE);
#endif
}

/// Asks for pages of the usual kind where memory that is mapped lazily will be written in few places only.
inline void prefer_small_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_NOHUGEPAGE)
  constexpr std::uintptr_t page = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(block) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(block) + bytes) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_NOHUGEPAGE);
#endif
}

/// Memory from the system; null if there is none.
inline void* system_block(std::size_t bytes, std::size_t alignment) {
  const bool huge = bytes >= 2 * huge_page;
  if (huge) alignment = huge_page;
  void* block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (block && huge) prefer_huge_pages(block, bytes);
  return block;
}

class CachingAllocator {
 public:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t smallest = std::size_t{1} << 12, largest = std::size_t{1} << 26;  // others: the system's
  static constexpr std::size_t chunk_bytes = largest;

  /// The size of the block that allocate(bytes) returns and deallocate() expects.
  static constexpr std::size_t rounded(std::size_t bytes) {
    return (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  }

  /// A block of rounded(bytes), aligned to `alignment`. Throws Error(device) if there is no memory.
  void* allocate(std::size_t bytes) {
    bytes = rounded(bytes);
    if (!mine(bytes)) {
      void* block = request(bytes);
      if (!block) {
        clear();
        block = request(bytes);
      }
      return checked(block, bytes);
    }
    std::scoped_lock lock(mutex_);
    if (void* block = chunks_.allocate(bytes)) return block;
    void* const base = checked(request(chunk_bytes), bytes);
    try {
      chunks_.add(base, chunk_bytes);
    } catch (...) {
      std::free(base);
      throw;
    }
    return chunks_.allocate(bytes);
  }

  /// Takes back a block of allocate(bytes).
  void deallocate(void* block, std::size_t bytes) noexcept {
    bytes = rounded(bytes);
    if (!mine(bytes)) return std::free(block);
    std::scoped_lock lock(mutex_);
    chunks_.deallocate(block, bytes);
  }

  /// Returns the chunks that hold no block to the system.
  void clear() noexcept {
    std::scoped_lock lock(mutex_);
    chunks_.clear([](void* base) { std::free(base); });
  }

  /// How often a block of at least `smallest` bytes was asked of the system.
  std::int64_t system_requests() const { return system_requests_.load(); }

  /// The allocator of the process. Never destroyed, because tensors of static duration may outlive any order. A fork()
  /// copies it while no other thread is inside.
  [[gnu::visibility("default")]] static CachingAllocator& instance() {
    static CachingAllocator& shared = []() -> CachingAllocator& {
      auto& made = *new CachingAllocator;
      ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                       [] { instance().mutex_.unlock(); });
      return made;
    }();
    return shared;
  }

 private:
  // Under AddressSanitizer every block comes from the system, so that it sees uses after the end of a tensor's life.
  static constexpr bool mine([[maybe_unused]] std::size_t bytes) {
#ifdef TL_ADDRESS_SANITIZER
    return false;
#else
    return bytes >= smallest && bytes <= largest;
#endif
  }

  void* request(std::size_t bytes) {
    if (bytes >= smallest) ++system_requests_;
    return system_block(bytes, alignment);
  }

  static void* checked(void* block, std::size_t bytes) {
    check(block != nullptr, ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes on cpu");
    return block;
  }

  std::mutex mutex_;
  std::atomic<std::int64_t> system_requests_{0};
  Chunks chunks_;
};

}  // namespace tl::detail
