// Memory behind tensors: 64-byte aligned, owned by a Storage, freed with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <tl/core/block_heap.hpp>
#include <tl/core/device.hpp>

namespace tl {

inline constexpr std::size_t storage_alignment = detail::BlockHeap::alignment;

/// Gives the CPU memory kept for reuse back to the system.
inline void empty_cache() { detail::BlockHeap::instance().clear(); }

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
    memory_ = detail::BlockHeap::instance().take(bytes);
    if (zero) std::memset(memory_, 0, bytes);
  }

  ~Storage() {
    if (device_.type == DeviceType::cuda) cuda_backend.release(memory_);
    else if (block_) std::free(block_);
    else detail::BlockHeap::instance().give(memory_, bytes_);
  }

  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() noexcept { return memory_; }
  std::size_t bytes() const noexcept { return bytes_; }
  Device device() const noexcept { return device_; }

 private:
  static constexpr std::size_t lazy_zero = std::size_t{1} << 24;  // zeroed blocks from here on are mapped lazily

  Device device_;
  std::size_t bytes_ = 0;
  void* memory_ = nullptr;
  void* block_ = nullptr;  // what calloc returned, when memory_ was aligned by hand
};

}  // namespace tl
