// One stack per thread of a block, and the switch from one to another: some ten instructions, because a block-wide sum
// of 256 threads switches several thousand times. All stacks lie in one piece of memory, so that an address says at
// once whether it belongs to a thread of a kernel, and to which.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tl::emulator {

inline constexpr unsigned most_threads = 1024;

class Fibers {
 public:
  static constexpr std::size_t stack_bytes = std::size_t{64} << 10;

  Fibers();

  /// Makes fiber `index` begin with `entry`, which must never return.
  void prepare(unsigned index, void (*entry)());
  /// Runs fiber `index` until it calls leave(). For the scheduler.
  void enter(unsigned index);
  /// Goes back to the scheduler. For a fiber.
  void leave(unsigned index);

  bool contains(std::uintptr_t address) const { return address - begin_ < stack_bytes * most_threads; }
  /// Whose stack an address is in.
  unsigned owner(std::uintptr_t address) const { return static_cast<unsigned>((address - begin_) / stack_bytes); }

 private:
  std::uintptr_t begin_ = 0;
  void* scheduler_ = nullptr;
  void* stack_pointers_[most_threads] = {};
};

}  // namespace tl::emulator
