// The device's memory: one piece of address space that the host may touch in copies alone. Allocations begin at
// multiples of 256 bytes, are filled with 0xFF (NaN as a float), and have at least 256 bytes of nothing behind them;
// freed memory is not used again before the rest was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tl::emulator {

class DeviceMemory {
 public:
  static constexpr std::size_t capacity = std::size_t{2} << 30;
  static constexpr std::size_t granule = 256;

  DeviceMemory();

  /// nullptr if there is not enough.
  void* allocate(std::size_t bytes);
  /// False if nothing was allocated there.
  bool release(void* memory);

  bool contains(std::uintptr_t address) const { return address - begin_ < capacity; }
  /// True if [address, address + bytes) is in one allocation.
  bool is_allocated(std::uintptr_t address, std::size_t bytes) const {
    const Allocation& found = allocations_[owner_[(address - begin_) / granule]];
    return address >= found.begin && address + bytes <= found.begin + found.bytes;
  }
  /// "byte 256 of an allocation of 256 bytes", for a sentence.
  std::string describe(std::uintptr_t address) const;

  std::uintptr_t begin() const { return begin_; }
  std::size_t limit() const { return limit_; }
  std::size_t used() const { return used_; }
  /// How much there is; tests of what happens without enough make it small.
  void set_limit(std::size_t bytes) { limit_ = bytes; }

  void unlock();
  void lock();

 private:
  struct Allocation {
    std::uintptr_t begin = 0;
    std::size_t bytes = 0;
  };

  void mark(const Allocation& allocation, std::uint32_t owner);
  std::uintptr_t find_gap(std::size_t bytes);

  std::uintptr_t begin_ = 0, next_ = 0;
  std::size_t limit_ = capacity, used_ = 0, touched_ = 0;
  int unlocked_ = 0;
  std::uint32_t* owner_ = nullptr;       // [capacity / granule]: index in allocations_; 0 is none
  std::vector<Allocation> allocations_;  // all that ever were; freed ones keep their place and have 0 bytes
  std::map<std::uintptr_t, std::uint32_t> live_;
  std::vector<std::uint32_t> free_slots_;
};

/// While one exists, the host can read and write device memory.
class UnlockedDevice {
 public:
  UnlockedDevice();
  ~UnlockedDevice();
  UnlockedDevice(const UnlockedDevice&) = delete;
  UnlockedDevice& operator=(const UnlockedDevice&) = delete;
};

/// The device's memory, made at the first call.
DeviceMemory& device_memory();

/// Address space of `bytes` zeros, of which only the touched pages cost memory.
void* reserve(std::size_t bytes, bool accessible);

}  // namespace tl::emulator
