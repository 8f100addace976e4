// Memory of tensors: 64-byte aligned, owned by a Storage, freed with it. A ContentWatch sees whether a part of it
// is changed: what an operation keeps for its gradient must be the same in backward().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include <tl/core/caching_allocator.hpp>
#include <tl/core/device.hpp>
#include <tl/core/fork_gate.hpp>

namespace tl {

/// Bytes; every storage begins at a multiple of it.
inline constexpr std::size_t storage_alignment = detail::CachingAllocator::alignment;

/// Gives the memory of CPU and GPU that is kept for reuse back to the system.
inline void empty_cache() {
  detail::CachingAllocator::instance().clear();
  if (cuda_backend.empty_cache) cuda_backend.empty_cache();
}

/// Host memory that a GPU reads and writes by itself, while the CPU goes on.
struct PinnedMemory {};

class ContentWatch;

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
    if (zero && bytes >= lazy_zero) {
      constexpr std::size_t page = detail::huge_page;
      block_ = std::calloc(bytes + page, 1);
      check(block_ != nullptr, ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes on cpu");
      memory_ = reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(block_) + page - 1) / page * page);
      detail::prefer_huge_pages(memory_, bytes);
      return;
    }
    memory_ = detail::CachingAllocator::instance().allocate(bytes);
    if (zero) std::memset(memory_, 0, bytes);
  }

  /// Allocates `bytes` of the host's memory for copies without waiting; contents are undefined. It may be freed before
  /// such a copy is done. Throws Error(device) without a GPU.
  Storage(std::size_t bytes, PinnedMemory) : bytes_(bytes), pinned_(true) {
    require(cuda_device);
    memory_ = cuda_backend.allocate_pinned(bytes);
  }

  ~Storage() {
    if (device_.type == DeviceType::cuda) cuda_backend.release(memory_);
    else if (pinned_) cuda_backend.release_pinned(memory_);
    else if (block_) std::free(block_);
    else detail::CachingAllocator::instance().deallocate(memory_, bytes_);
  }

  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() noexcept { return memory_; }
  std::size_t bytes() const noexcept { return bytes_; }
  Device device() const noexcept { return device_; }
  bool pinned() const noexcept { return pinned_; }

  /// True while a ContentWatch looks at a part of this memory.
  bool watched() const noexcept { return watches_.load(std::memory_order_relaxed) != nullptr; }

  /// To be called before an address through which these bytes may be written is returned.
  void may_change(const void* begin, std::size_t bytes);

  /// To be called for bytes that are written.
  void has_changed(const void* begin, std::size_t bytes);

 private:
  friend ContentWatch;

  static constexpr std::size_t lazy_zero = std::size_t{1} << 24;  // zeroed blocks from here on are mapped lazily

  Device device_;
  std::size_t bytes_ = 0;
  bool pinned_ = false;
  void* memory_ = nullptr;
  void* block_ = nullptr;  // what calloc returned, when memory_ was aligned by hand
  std::atomic<ContentWatch*> watches_{nullptr};
};

/// Sees whether some bytes of a Storage are changed as long as it lives. Writes through the functions of Tensor count
/// as they happen. What an address that escapes meanwhile is used for cannot be seen: the bytes get a fingerprint at
/// that moment, so that reading them costs one pass and is never taken for a change. Writes through an address that was
/// taken before are not seen, nor is what is written on a device other than the CPU through one that escapes; a watch
/// can take every escape for a change instead.
class ContentWatch {
 public:
  /// What it means that an address through which the bytes may be written is handed out.
  enum class Escape { is_no_change, is_change };

  ContentWatch(std::shared_ptr<Storage> storage, const void* begin, std::size_t bytes,
               Escape escape = Escape::is_no_change)
      : storage_(std::move(storage)), begin_(static_cast<const char*>(begin)), bytes_(bytes), escape_(escape) {
    const std::shared_lock gate(detail::fork_gate());
    const std::scoped_lock lock(mutex());
    next_ = storage_->watches_.load(std::memory_order_relaxed);
    if (next_) next_->previous_ = this;
    storage_->watches_.store(this, std::memory_order_relaxed);
  }

  ~ContentWatch() {
    const std::shared_lock gate(detail::fork_gate());
    const std::scoped_lock lock(mutex());
    if (next_) next_->previous_ = previous_;
    if (previous_) previous_->next_ = next_;
    else storage_->watches_.store(next_, std::memory_order_relaxed);
  }

  ContentWatch(const ContentWatch&) = delete;
  ContentWatch& operator=(const ContentWatch&) = delete;

  /// True if the bytes are those of the beginning.
  bool intact() const {
    const std::shared_lock gate(detail::fork_gate());
    const std::scoped_lock lock(mutex());
    return !changed_ && (!fingerprint_ || *fingerprint_ == fingerprint());
  }

 private:
  friend Storage;

  [[gnu::visibility("default")]] static std::mutex& mutex() {
    static constinit std::mutex lists;
    return lists;
  }

  bool overlaps(const void* begin, std::size_t bytes) const {
    const char* const first = static_cast<const char*>(begin);
    return first < begin_ + bytes_ && begin_ < first + bytes;
  }

  std::uint64_t fingerprint() const {
    std::uint64_t hash = 0x9E3779B97F4A7C15U;
    const auto mix = [&hash](std::uint64_t word) {
      hash = (hash ^ word) * 0xD6E8FEB86659FD93U;
      hash ^= hash >> 32;
    };
    std::size_t at = 0;
    for (std::uint64_t word; at + sizeof(word) <= bytes_; at += sizeof(word)) {
      std::memcpy(&word, begin_ + at, sizeof(word));
      mix(word);
    }
    for (; at < bytes_; ++at) mix(static_cast<unsigned char>(begin_[at]));
    return hash;
  }

  std::shared_ptr<Storage> storage_;
  const char* begin_;
  std::size_t bytes_;
  Escape escape_;
  bool changed_ = false;
  std::optional<std::uint64_t> fingerprint_;
  ContentWatch *next_ = nullptr, *previous_ = nullptr;  // of the same Storage
};

inline void Storage::may_change(const void* begin, std::size_t bytes) {
  const std::shared_lock gate(detail::fork_gate());
  const std::scoped_lock lock(ContentWatch::mutex());
  for (ContentWatch* watch = watches_.load(std::memory_order_relaxed); watch; watch = watch->next_) {
    if (!watch->overlaps(begin, bytes)) continue;
    if (watch->escape_ == ContentWatch::Escape::is_change) watch->changed_ = true;
    else if (device_.type == DeviceType::cpu && !watch->fingerprint_) watch->fingerprint_ = watch->fingerprint();
  }
}

inline void Storage::has_changed(const void* begin, std::size_t bytes) {
  const std::shared_lock gate(detail::fork_gate());
  const std::scoped_lock lock(ContentWatch::mutex());
  for (ContentWatch* watch = watches_.load(std::memory_order_relaxed); watch; watch = watch->next_)
    if (watch->overlaps(begin, bytes)) watch->changed_ = true;
}

}  // namespace tl
