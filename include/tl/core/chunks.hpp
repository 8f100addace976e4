// Blocks that are cut out of large chunks: the lowest place that is large enough, merged with its neighbours when it is
// freed. Where the chunks come from, and whether their memory can be read by the host, is the caller's business.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace tl::detail {

/// Chunks by address: the lowest one is filled first. Not for several threads at once.
class Chunks {
 public:
  /// A block of `bytes`; null if no chunk has a place for it.
  void* allocate(std::size_t bytes) {
    for (Chunk& chunk : chunks_)
      if (void* block = chunk.allocate(bytes)) return block;
    return nullptr;
  }

  /// Adds a chunk. Throws std::bad_alloc if there is no memory to note it.
  void add(void* base, std::size_t bytes) {
    chunks_.insert(chunks_.begin() + up_to(base), Chunk(static_cast<char*>(base), bytes));
  }

  /// Takes back a block of allocate(bytes).
  void deallocate(void* block, std::size_t bytes) noexcept {
    chunks_[static_cast<std::size_t>(up_to(block) - 1)].deallocate(static_cast<char*>(block), bytes);
  }

  /// Forgets the chunks that hold no block; each goes to give_back(base).
  template <class GiveBack> void clear(GiveBack&& give_back) noexcept {
    std::vector<Chunk> kept;
    for (Chunk& chunk : chunks_) {
      if (chunk.used) kept.push_back(std::move(chunk));
      else give_back(chunk.base);
    }
    chunks_ = std::move(kept);
  }

  /// True if an address is in one of the chunks.
  bool contains(const void* address) const noexcept {
    const std::ptrdiff_t index = up_to(address);
    if (index == 0) return false;
    const Chunk& chunk = chunks_[static_cast<std::size_t>(index - 1)];
    return static_cast<const char*>(address) < chunk.base + chunk.bytes;
  }

  /// Bytes of all blocks that were allocated and not taken back.
  std::size_t used() const noexcept {
    std::size_t sum = 0;
    for (const Chunk& chunk : chunks_) sum += chunk.used;
    return sum;
  }

  /// Bytes of all chunks.
  std::size_t held() const noexcept {
    std::size_t sum = 0;
    for (const Chunk& chunk : chunks_) sum += chunk.bytes;
    return sum;
  }

 private:
  struct Range {
    char* begin;
    std::size_t bytes;
    char* end() const { return begin + bytes; }
  };

  struct Chunk {
    char* base;
    std::size_t bytes, used = 0;
    std::vector<Range> free;  // by address; two of them never touch

    Chunk(char* start, std::size_t size) : base(start), bytes(size), free{{start, size}} {}

    void* allocate(std::size_t wanted) {
      for (std::size_t i = 0; i < free.size(); ++i) {
        if (free[i].bytes < wanted) continue;
        char* const block = free[i].begin;
        free[i] = {block + wanted, free[i].bytes - wanted};
        if (free[i].bytes == 0) free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
        used += wanted;
        return block;
      }
      return nullptr;
    }

    void deallocate(char* block, std::size_t size) noexcept {
      used -= size;
      std::size_t i = 0;  // of the first range after the block
      while (i < free.size() && free[i].begin < block) ++i;
      const auto at = free.begin() + static_cast<std::ptrdiff_t>(i);
      const bool joins_before = i > 0 && free[i - 1].end() == block;
      const bool joins_after = i < free.size() && block + size == free[i].begin;
      if (joins_before) {
        free[i - 1].bytes += size + (joins_after ? free[i].bytes : 0);
        if (joins_after) free.erase(at);
      } else if (joins_after) {
        *at = {block, size + at->bytes};
      } else {
        try {
          free.insert(at, {block, size});
        } catch (...) {  // no memory for the note: the range stays unused until the program ends
        }
      }
    }
  };

  /// The number of chunks that begin at or before an address.
  std::ptrdiff_t up_to(const void* address) const noexcept {
    std::ptrdiff_t index = 0;
    for (const Chunk& chunk : chunks_) index += chunk.base <= static_cast<const char*>(address);
    return index;
  }

  std::vector<Chunk> chunks_;
};

}  // namespace tl::detail
