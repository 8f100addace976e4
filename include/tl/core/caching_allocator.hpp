// The allocator of CPU tensors. A training step allocates and frees some hundred blocks, of other sizes in every
// batch, because batches differ in their number of tokens. The system's allocator would map fresh pages for the large
// ones and clear them, step after step. This one cuts its blocks out of large chunks that it keeps: the lowest place
// that is large enough, merged with its neighbours when it is freed. After the largest batch no memory is fetched.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include <pthread.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

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
    for (Chunk& chunk : chunks_)
      if (void* block = chunk.allocate(bytes)) return block;
    char* const base = static_cast<char*>(checked(request(chunk_bytes), bytes));
    try {
      return chunks_.insert(chunks_.begin() + chunks_up_to(base), Chunk(base))->allocate(bytes);
    } catch (...) {
      std::free(base);
      throw;
    }
  }

  /// Takes back a block of allocate(bytes).
  void deallocate(void* block, std::size_t bytes) noexcept {
    bytes = rounded(bytes);
    if (!mine(bytes)) return std::free(block);
    std::scoped_lock lock(mutex_);
    chunks_[static_cast<std::size_t>(chunks_up_to(static_cast<char*>(block)) - 1)].deallocate(static_cast<char*>(block),
                                                                                              bytes);
  }

  /// Returns the chunks that hold no block to the system.
  void clear() noexcept {
    std::scoped_lock lock(mutex_);
    std::vector<Chunk> kept;
    for (Chunk& chunk : chunks_) {
      if (chunk.used) kept.push_back(std::move(chunk));
      else std::free(chunk.base);
    }
    chunks_ = std::move(kept);
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
  struct Range {
    char* begin;
    std::size_t bytes;
    char* end() const { return begin + bytes; }
  };

  struct Chunk {
    char* base;
    std::size_t used = 0;
    std::vector<Range> free;  // by address; two of them never touch

    explicit Chunk(char* start) : base(start), free{{start, chunk_bytes}} {}

    void* allocate(std::size_t bytes) {
      for (std::size_t i = 0; i < free.size(); ++i) {
        if (free[i].bytes < bytes) continue;
        char* const block = free[i].begin;
        free[i] = {block + bytes, free[i].bytes - bytes};
        if (free[i].bytes == 0) free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
        used += bytes;
        return block;
      }
      return nullptr;
    }

    void deallocate(char* block, std::size_t bytes) noexcept {
      used -= bytes;
      std::size_t i = 0;  // of the first range after the block
      while (i < free.size() && free[i].begin < block) ++i;
      const auto at = free.begin() + static_cast<std::ptrdiff_t>(i);
      const bool joins_before = i > 0 && free[i - 1].end() == block;
      const bool joins_after = i < free.size() && block + bytes == free[i].begin;
      if (joins_before) {
        free[i - 1].bytes += bytes + (joins_after ? free[i].bytes : 0);
        if (joins_after) free.erase(at);
      } else if (joins_after) {
        *at = {block, at->bytes + bytes};
      } else {
        try {
          free.insert(at, {block, bytes});
        } catch (...) {  // no memory for the note: the range stays unused until the program ends
        }
      }
    }
  };

  /// The number of chunks that begin at or before an address.
  std::ptrdiff_t chunks_up_to(const char* address) const {
    std::ptrdiff_t index = 0;
    for (const Chunk& chunk : chunks_) index += chunk.base <= address;
    return index;
  }

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
  std::vector<Chunk> chunks_;  // by address: the lowest one is filled first
};

}  // namespace tl::detail
