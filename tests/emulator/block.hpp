// One block of threads while it runs: whose turn it is, who waits at which barrier, and how the schedule orders them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

#include "fibers.hpp"
#include "include/emulator/language.hpp"

namespace tl::emulator {

inline constexpr unsigned lanes_of_warp = 32;

enum class Schedule { forward, reverse, random };
const char* to_string(Schedule schedule);

enum class State : std::uint8_t { ready, at_barrier, in_warp, done };

/// What a lane brings to an operation of its warp. The last lane of the mask to arrive completes it for all.
struct WarpCall {
  const char* name;
  unsigned mask;
  int kind;  // calls of different kinds do not belong together
  void* operands;
  /// `calls` has an entry for each lane of the mask, nullptr for others; writes the results into the operands.
  void (*complete)(unsigned warp, const std::array<WarpCall*, lanes_of_warp>& calls);
  Place place;
};

/// A copy that cp.async started and no wait has ended.
struct AsyncCopy {
  std::uintptr_t to;
  const void* from;
  std::size_t bytes, source_bytes;
  const void* place;
};

struct Thread {
  State state = State::done;
  std::uint8_t barrier_kind = 0;
  bool barrier_value = false;
  uint3 index{};
  Place place{};
  WarpCall* call = nullptr;
  std::array<std::uint32_t, lanes_of_warp> clock{};  // what this lane knows of the lanes of its warp
  std::vector<std::vector<AsyncCopy>> groups;        // committed copies, the oldest first
  std::vector<AsyncCopy> copies;                     // not committed
};

class Block {
 public:
  /// Runs all threads of a block to their end, or until one fails.
  void run(uint3 index, dim3 size, Schedule schedule, void (*entry)(), std::uint64_t seed);

  unsigned current() const { return current_; }
  Thread& thread() { return threads_[current_]; }
  Thread& thread(unsigned i) { return threads_[i]; }
  unsigned threads() const { return count_; }
  uint3 index() const { return index_; }
  dim3 size() const { return size_; }
  Fibers& fibers() { return fibers_; }

  int barrier(std::uint8_t kind, bool value, const Place& place);
  void warp_call(WarpCall& call);
  void end_thread();
  void leave() { fibers_.leave(current_); }

 private:
  void resume(unsigned i);
  void order_threads(Schedule schedule, std::vector<unsigned>& order, std::uint64_t& seed) const;
  void release_barrier();
  void report_deadlock();

  Fibers fibers_;
  std::array<Thread, most_threads> threads_;
  unsigned count_ = 0, current_ = 0, live_ = 0, at_barrier_ = 0;
  int vote_ = 0;
  uint3 index_{};
  dim3 size_{};
};

}  // namespace tl::emulator
