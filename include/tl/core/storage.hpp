// Memory behind tensors: 64-byte aligned, owned by a Storage, freed with it. Freed CPU blocks of some size are kept and
// handed out again, because a training step asks for the same sizes over and over and fresh pages are expensive.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include <vector>

#include <tl/core/device.hpp>

namespace tl {

inline constexpr std::size_t storage_alignment = 64;

namespace detail {

/// Free CPU blocks by size. Sizes are rounded up to an eighth of a power of two, so that batches of nearly equal
/// length share blocks.
class BlockCache {
 public:
  static constexpr std::size_t smallest = std::size_t{1} << 12, largest = std::size_t{1} << 28;
  static constexpr std::size_t lazy_zero = std::size_t{1} << 24;  // zeroed blocks from here on are mapped lazily

  static std::size_t rounded(std::size_t bytes) {
    if (bytes < smallest || bytes > largest)
      return (bytes + storage_alignment - 1) / storage_alignment * storage_alignment;
    const std::size_t step = std::bit_floor(bytes) / 8;
    return (bytes + step - 1) / step * step;
  }

  void* take(std::size_t bytes) {
    {
      std::scoped_lock lock(mutex_);
      in_use_ += bytes;
      most_in_use_ = std::max(most_in_use_, in_use_);
      if (auto found = free_.find(bytes); found != free_.end()) {
        void* block = found->second.back();
        found->second.pop_back();
        if (found->second.empty()) free_.erase(found);
        free_bytes_ -= bytes;
        return block;
      }
      // Batches of other lengths leave blocks of other sizes behind; beyond an eighth of what was ever in use they go.
      while (!free_.empty() && in_use_ + free_bytes_ > most_in_use_ + most_in_use_ / 8) drop_one();
    }
    void* block = std::aligned_alloc(storage_alignment, bytes);
    if (!block) {
      clear();
      block = std::aligned_alloc(storage_alignment, bytes);
    }
    if (!block) {
      std::scoped_lock lock(mutex_);
      in_use_ -= bytes;
    }
    check(block != nullptr, ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes on cpu");
    return block;
  }

  void give(void* block, std::size_t bytes) noexcept {
    std::scoped_lock lock(mutex_);
    in_use_ -= bytes;
    if (bytes >= smallest && bytes <= largest) {
      try {
        free_[bytes].push_back(block);
        free_bytes_ += bytes;
        return;
      } catch (...) {  // no memory for the list itself: fall through and free
        if (const auto found = free_.find(bytes); found != free_.end() && found->second.empty()) free_.erase(found);
      }
    }
    std::free(block);
  }

  void clear() noexcept {
    std::scoped_lock lock(mutex_);
    while (!free_.empty()) drop_one();
  }

  static BlockCache& instance() {
    static BlockCache* cache = new BlockCache;  // never destroyed: tensors of static duration may outlive any order
    return *cache;
  }

 private:
  // Frees one of the largest blocks; no list in free_ is empty.
  void drop_one() noexcept {
    const auto largest_size = std::prev(free_.end());
    std::free(largest_size->second.back());
    free_bytes_ -= largest_size->first;
    largest_size->second.pop_back();
    if (largest_size->second.empty()) free_.erase(largest_size);
  }

  std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;  // blocks by size
  std::size_t free_bytes_ = 0, in_use_ = 0, most_in_use_ = 0;
};

}  // namespace detail

/// Gives the CPU memory kept for reuse back to the system.
inline void empty_cache() { detail::BlockCache::instance().clear(); }

/// One block of memory on one device.
class Storage {
 public:
  /// Allocates `bytes` (may be 0) on `device`; contents are undefined unless `zero` is set.
  /// Large zeroed CPU blocks are mapped lazily: pages that are never written cost nothing.
  Storage(std::size_t bytes, Device device, bool zero) : device_(device), bytes_(bytes) {
    if (device.type == DeviceType::cuda) {
      require(device);
      memory_ = cuda_backend.allocate(bytes);
      if (zero) cuda_backend.fill_zero(memory_, bytes);
      return;
    }
    capacity_ = detail::BlockCache::rounded(bytes ? bytes : 1);
    if (zero && capacity_ >= detail::BlockCache::lazy_zero) {
      block_ = std::calloc(capacity_ + storage_alignment, 1);
      check(block_ != nullptr, ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes on cpu");
      const auto address = reinterpret_cast<std::uintptr_t>(block_);
      memory_ = reinterpret_cast<void*>((address + storage_alignment - 1) / storage_alignment * storage_alignment);
      return;
    }
    memory_ = detail::BlockCache::instance().take(capacity_);
    if (zero) std::memset(memory_, 0, bytes);
  }

  ~Storage() {
    if (device_.type == DeviceType::cuda) cuda_backend.release(memory_);
    else if (block_) std::free(block_);
    else detail::BlockCache::instance().give(memory_, capacity_);
  }

  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() noexcept { return memory_; }
  std::size_t bytes() const noexcept { return bytes_; }
  Device device() const noexcept { return device_; }

 private:
  Device device_;
  std::size_t bytes_ = 0, capacity_ = 0;
  void* memory_ = nullptr;
  void* block_ = nullptr;  // what calloc returned, when memory_ was aligned by hand
};

}  // namespace tl
