#include "device_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <sstream>

namespace tl::emulator {

void* reserve(std::size_t bytes, bool accessible) {
  void* const memory = mmap(nullptr, bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

DeviceMemory::DeviceMemory()
    : begin_(reinterpret_cast<std::uintptr_t>(reserve(capacity, false))),
      next_(begin_),
      owner_(static_cast<std::uint32_t*>(reserve(capacity / granule * sizeof(std::uint32_t), true))),
      allocations_(1) {}

void DeviceMemory::mark(const Allocation& allocation, std::uint32_t owner) {
  std::uint32_t* const first = owner_ + (allocation.begin - begin_) / granule;
  std::fill(first, first + (allocation.bytes + granule - 1) / granule, owner);
}

/// The first gap of `bytes` behind the latest allocation, or behind the beginning; 0 if there is none.
std::uintptr_t DeviceMemory::find_gap(std::size_t bytes) {
  for (const std::uintptr_t from : {next_, begin_}) {
    std::uintptr_t at = from;
    for (auto later = live_.lower_bound(from); at + bytes <= begin_ + capacity; ++later) {
      if (later == live_.end() || at + bytes <= later->first) return at;
      const Allocation& blocking = allocations_[later->second];
      at = blocking.begin + (blocking.bytes + granule - 1) / granule * granule + granule;
    }
  }
  return 0;
}

void* DeviceMemory::allocate(std::size_t bytes) {
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + granule - 1) / granule * granule + granule;
  if (bytes > limit_ || used_ + bytes > limit_) return nullptr;
  const Allocation made{find_gap(rounded), bytes};
  if (made.begin == 0) return nullptr;
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(allocations_.size()));
    allocations_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  allocations_[slot] = made;
  live_[made.begin] = slot;
  mark(made, slot);
  used_ += bytes;
  next_ = made.begin + rounded;
  touched_ = std::max(touched_, next_ - begin_);
  const UnlockedDevice unlocked;
  std::memset(reinterpret_cast<void*>(made.begin), 0xFF, bytes);
  return reinterpret_cast<void*>(made.begin);
}

bool DeviceMemory::release(void* memory) {
  const auto found = live_.find(reinterpret_cast<std::uintptr_t>(memory));
  if (found == live_.end()) return false;
  Allocation& freed = allocations_[found->second];
  mark(freed, 0);
  used_ -= freed.bytes;
  freed = {};
  free_slots_.push_back(found->second);
  live_.erase(found);
  return true;
}

std::string DeviceMemory::describe(std::uintptr_t address) const {
  std::ostringstream text;
  auto after = live_.upper_bound(address);
  if (after == live_.begin()) {
    text << "device memory that is not allocated (address 0x" << std::hex << address << ")";
    return text.str();
  }
  const Allocation& before = allocations_[std::prev(after)->second];
  const std::size_t offset = address - before.begin;
  if (offset < before.bytes) text << "byte " << offset << " of a device allocation of " << before.bytes << " bytes";
  else
    text << "device memory that is not allocated, " << offset - before.bytes << " bytes behind the end of one of "
         << before.bytes << " bytes";
  return text.str();
}

void DeviceMemory::unlock() {
  if (unlocked_++ == 0)
    mprotect(reinterpret_cast<void*>(begin_), (touched_ + 4095) / 4096 * 4096, PROT_READ | PROT_WRITE);
}

void DeviceMemory::lock() {
  if (--unlocked_ == 0) mprotect(reinterpret_cast<void*>(begin_), (touched_ + 4095) / 4096 * 4096, PROT_NONE);
}

DeviceMemory& device_memory() {
  static DeviceMemory& memory = *new DeviceMemory;
  return memory;
}

UnlockedDevice::UnlockedDevice() { device_memory().unlock(); }
UnlockedDevice::~UnlockedDevice() { device_memory().lock(); }

}  // namespace tl::emulator
