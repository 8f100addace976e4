// The shared memory of the block that runs: arrays that kernels declare, each with a gap behind it, and the dynamic
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shadow.hpp"

namespace tl::emulator {

class SharedMemory {
 public:
  static constexpr std::size_t default_limit = std::size_t{48} << 10;
  static constexpr std::size_t most_bytes = std::size_t{227} << 10;  // of compute capability 9.0
  static constexpr std::size_t arena_bytes = std::size_t{512} << 10;
  static constexpr std::size_t gap = 64;

  SharedMemory();

  /// For a new launch: no arrays but the dynamic one.
  void begin_launch(std::size_t dynamic_bytes);
  /// For a new block: everything is 0xFF.
  void begin_block();

  /// The array that `tag` declares, the same one at each call of a launch.
  void* array(const void* tag, const char* name, std::size_t bytes, std::size_t alignment);
  void* dynamic() const { return reinterpret_cast<void*>(arrays_[0].begin); }
  std::size_t dynamic_bytes() const { return arrays_[0].bytes; }
  /// Bytes of all declared arrays.
  std::size_t declared_bytes() const { return declared_; }

  bool contains(std::uintptr_t address) const { return address - begin_ < arena_bytes; }
  bool is_allocated(std::uintptr_t address, std::size_t bytes) const;
  /// "element at byte 128 of the shared array s of 128 bytes", for a sentence.
  std::string describe(std::uintptr_t address) const;
  Shadow& shadow() { return shadow_; }

 private:
  struct Array {
    const void* tag;
    const char* name;
    std::uintptr_t begin;
    std::size_t bytes;
  };

  std::uintptr_t begin_ = 0, next_ = 0;
  std::size_t declared_ = 0;
  std::vector<Array> arrays_;  // the dynamic one first
  Shadow shadow_;
};

}  // namespace tl::emulator
