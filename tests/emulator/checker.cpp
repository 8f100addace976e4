#include "checker.hpp"

#include <sstream>

#include "machine.hpp"
#include "source_places.hpp"

// The program's own constants lie between these two symbols of the linker.
extern "C" const char __executable_start, data_start;

namespace tl::emulator {
namespace {

/// One access while its cells are looked at.
class Check {
 public:
  Check(Machine& m, Shadow& shadow, Access access, const void* caller, bool shared)
      : m_(m),
        shadow_(shadow),
        access_(access),
        caller_(caller),
        shared_(shared),
        me_(m.block.current()),
        clock_(m.block.thread().clock[me_ % lanes_of_warp]) {}

  void visit(Cell& cell, std::uintptr_t address) {
    if (cell.in_flight == m_.block_begin)
      fail(address, "which a cp.async may still be writing: cp.async.wait_group is missing");
    if (access_ != Access::atomic || !cell.atomic_write) check_last_write(cell, address);
    if (access_ == Access::read) return add_reader(cell);
    check_readers(cell, address);
    cell.write_interval = m_.interval;
    cell.write_clock = clock_;
    cell.writer = static_cast<std::uint16_t>(me_);
    cell.atomic_write = access_ == Access::atomic;
  }

 private:
  bool is_of_other_block(std::uint32_t interval) const {
    return !shared_ && interval >= m_.launch_begin && interval < m_.block_begin;
  }

  /// True if what thread `other` did at that time is ordered before what happens now.
  bool ordered(std::uint32_t interval, unsigned other, std::uint32_t clock) const {
    if (interval < m_.interval) return !is_of_other_block(interval);
    if (other == me_) return true;
    if (other / lanes_of_warp != me_ / lanes_of_warp) return false;
    return m_.block.thread().clock[other % lanes_of_warp] >= clock;
  }

  void check_last_write(const Cell& cell, std::uintptr_t address) const {
    if (shared_ && cell.write_interval < m_.block_begin) {
      if (access_ == Access::write) return;
      fail(address, "which no thread of the block has written");
    }
    if (!ordered(cell.write_interval, cell.writer, cell.write_clock))
      fail_race(address, "written", cell.write_interval, cell.writer);
  }

  void check_readers(Cell& cell, std::uintptr_t address) {
    if (is_of_other_block(cell.foreign_interval))
      fail_race(address, "read", cell.foreign_interval, cell.foreign_reader);
    if (is_of_other_block(cell.read_interval)) fail_race(address, "read", cell.read_interval, cell.reader);
    if (cell.read_interval != m_.interval) return;
    if (!ordered(cell.read_interval, cell.reader, cell.read_clock))
      fail_race(address, "read", cell.read_interval, cell.reader);
    if (cell.other_reader != nobody) {
      if (cell.other_reader != me_) fail_race(address, "read", cell.read_interval, cell.other_reader);
    }
    if (cell.lanes == 0) return;
    const LaneClocks& lanes = shadow_.lanes(cell.lanes);
    const unsigned first = cell.reader / lanes_of_warp * lanes_of_warp;
    for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
      if ((lanes.lanes >> lane & 1U) != 0 && !ordered(cell.read_interval, first + lane, lanes.clock[lane]))
        fail_race(address, "read", cell.read_interval, first + lane);
  }

  void add_reader(Cell& cell) {
    if (cell.read_interval != m_.interval) {
      if (is_of_other_block(cell.read_interval)) {
        cell.foreign_interval = cell.read_interval;
        cell.foreign_reader = cell.reader;
      }
      cell.read_interval = m_.interval;
      cell.reader = static_cast<std::uint16_t>(me_);
      cell.read_clock = clock_;
      cell.other_reader = nobody;
      cell.lanes = 0;
      return;
    }
    if (cell.reader / lanes_of_warp != me_ / lanes_of_warp) {
      cell.other_reader = static_cast<std::uint16_t>(me_);
      return;
    }
    if (cell.reader == me_) {
      cell.read_clock = clock_;
      return;
    }
    if (cell.lanes == 0) cell.lanes = shadow_.new_lanes();
    LaneClocks& lanes = shadow_.lanes(cell.lanes);
    lanes.lanes |= 1U << me_ % lanes_of_warp;
    lanes.clock[me_ % lanes_of_warp] = clock_;
  }

  std::string where(std::uintptr_t address) const {
    return shared_ ? m_.shared.describe(address) : device_memory().describe(address);
  }

  [[noreturn]] void fail(std::uintptr_t address, const char* what) const {
    const char* const verb = access_ == Access::read ? "reads " : access_ == Access::write ? "writes " : "changes ";
    fail_thread(me_, "at " + place_of_call(caller_), verb + where(address) + ", " + what);
  }

  [[noreturn]] void fail_race(std::uintptr_t address, const char* done, std::uint32_t interval, unsigned other) const {
    Thread& thread = m_.block.thread(other);
    const dim3 size = m_.block.size();
    thread.index = {other % size.x, other / size.x % size.y, other / (size.x * size.y)};
    std::string what = std::string("which thread ") + describe(thread.index);
    if (is_of_other_block(interval)) what += " of block " + describe(m_.block_of(interval));
    what += std::string(" has ") + done + " with nothing that orders the two: a race";
    fail(address, what.c_str());
  }

  Machine& m_;
  Shadow& shadow_;
  Access access_;
  const void* caller_;
  bool shared_;
  unsigned me_;
  std::uint32_t clock_;
};

bool is_constant(std::uintptr_t address, std::size_t bytes) {
  return address >= reinterpret_cast<std::uintptr_t>(&__executable_start) &&
         address + bytes <= reinterpret_cast<std::uintptr_t>(&data_start);
}

bool is_argument(const Machine& m, std::uintptr_t address, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(m.kernel->arguments);
  return address >= begin && address + bytes <= begin + m.kernel->argument_bytes;
}

std::string action(Access access, std::size_t bytes) {
  return (access == Access::read ? "reads " : "writes ") + std::to_string(bytes) + " bytes at ";
}

[[noreturn]] void fail_elsewhere(Machine& m, std::uintptr_t address, std::size_t bytes, Access access,
                                 const void* caller) {
  std::ostringstream what;
  what << action(access, bytes);
  if (m.block.fibers().contains(address))
    what << "a local variable of thread " << describe(m.block.thread(m.block.fibers().owner(address)).index);
  else what << "host memory (0x" << std::hex << address << ")";
  fail_thread(m.block.current(), "at " + place_of_call(caller), what.str(), cudaErrorIllegalAddress);
}

}  // namespace

bool in_kernel() {
  return running_machine != nullptr &&
         running_machine->block.fibers().contains(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
}

void check_access(const void* pointer, std::size_t bytes, Access access, const void* caller) {
  if (running_machine == nullptr || bytes == 0) return;
  Machine& m = *running_machine;
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  const Fibers& fibers = m.block.fibers();
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (!fibers.contains(here)) return;
  if (fibers.contains(address) && fibers.owner(address) == fibers.owner(here)) return;
  ++m.statistics.accesses;
  if (device_memory().contains(address)) {
    if (!device_memory().is_allocated(address, bytes))
      fail_thread(m.block.current(), "at " + place_of_call(caller),
                  action(access, bytes) + device_memory().describe(address) + ": out of bounds",
                  cudaErrorIllegalAddress);
    Check check(m, m.global, access, caller, false);
    m.global.for_each(address, bytes, [&](Cell& cell, std::uintptr_t at, unsigned) { check.visit(cell, at); });
    if (access != Access::read) m.pages.before_write(address, bytes);
    return;
  }
  if (m.shared.contains(address)) {
    if (!m.shared.is_allocated(address, bytes))
      fail_thread(m.block.current(), "at " + place_of_call(caller),
                  action(access, bytes) + m.shared.describe(address) + ": out of bounds", cudaErrorIllegalAddress);
    Check check(m, m.shared.shadow(), access, caller, true);
    m.shared.shadow().for_each(address, bytes, [&](Cell& cell, std::uintptr_t at, unsigned) { check.visit(cell, at); });
    return;
  }
  if (access == Access::read && (is_argument(m, address, bytes) || is_size(address) || is_constant(address, bytes)))
    return;
  fail_elsewhere(m, address, bytes, access, caller);
}

void check_aligned_access(const void* address, std::size_t bytes, Access access, const void* caller) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (at % bytes != 0 && in_kernel()) {
    Machine& m = machine();
    fail_thread(m.block.current(), "at " + place_of_call(caller),
                action(access, bytes) +
                    (device_memory().contains(at) ? device_memory().describe(at)
                     : m.shared.contains(at)      ? m.shared.describe(at)
                                                  : std::string("local memory")) +
                    ", an address that is not a multiple of " + std::to_string(bytes),
                cudaErrorMisalignedAddress);
  }
  check_access(address, bytes, access, caller);
}

void set_in_flight(std::uintptr_t address, std::size_t bytes, bool in_flight) {
  Machine& m = machine();
  const std::uint32_t mark = in_flight ? m.block_begin : 0;
  m.shared.shadow().for_each(address, bytes, [mark](Cell& cell, std::uintptr_t, unsigned) { cell.in_flight = mark; });
}

}  // namespace tl::emulator
