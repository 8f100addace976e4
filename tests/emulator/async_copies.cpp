#include "async_copies.hpp"

#include <cstring>
#include <string>

#include "checker.hpp"
#include "include/emulator/matrix.hpp"
#include "machine.hpp"
#include "source_places.hpp"

namespace tl::emulator {
namespace {

// The copy may happen at any time up to the wait: its source must not change and its destination must not be touched.
// So both ends of the time are checked, and until then the destination is NaN and marked.
void finish(const AsyncCopy& copy) {
  set_in_flight(copy.to, copy.bytes, false);
  check_access(copy.from, copy.source_bytes, Access::read, copy.place);
  check_access(reinterpret_cast<void*>(copy.to), copy.bytes, Access::write, copy.place);
  std::memcpy(reinterpret_cast<void*>(copy.to), copy.from, copy.source_bytes);
  std::memset(reinterpret_cast<char*>(copy.to) + copy.source_bytes, 0, copy.bytes - copy.source_bytes);
}

}  // namespace

void start_copy(void* shared, const void* global, int bytes, int source_bytes) {
  Machine& m = machine();
  const void* const caller = __builtin_return_address(0);
  const auto fail = [&](const std::string& what) {
    fail_thread(m.block.current(), "at " + place_of_call(caller), "cp.async " + what);
  };
  if ((bytes != 4 && bytes != 8 && bytes != 16) || source_bytes < 0 || source_bytes > bytes)
    fail("copies 4, 8 or 16 bytes, not " + std::to_string(source_bytes) + " of " + std::to_string(bytes));
  const auto to = reinterpret_cast<std::uintptr_t>(shared), from = reinterpret_cast<std::uintptr_t>(global);
  if (!m.shared.contains(to)) fail("writes to shared memory only");
  if (source_bytes > 0 && !device_memory().contains(from)) fail("reads from device memory only");
  if (from % static_cast<unsigned>(bytes) != 0)
    fail("reads an address that is not a multiple of " + std::to_string(bytes));
  const AsyncCopy copy{to, global, static_cast<std::size_t>(bytes), static_cast<std::size_t>(source_bytes), caller};
  check_access(global, copy.source_bytes, Access::read, caller);
  check_aligned_access(shared, copy.bytes, Access::write, caller);
  std::memset(shared, 0xFF, copy.bytes);
  set_in_flight(to, copy.bytes, true);
  m.block.thread().copies.push_back(copy);
}

void commit_copies() {
  Thread& self = machine().block.thread();
  self.groups.push_back(std::move(self.copies));
  self.copies.clear();
}

void wait_copies(int newest) {
  auto& groups = machine().block.thread().groups;
  while (groups.size() > static_cast<std::size_t>(newest)) {
    for (const AsyncCopy& copy : groups.front()) finish(copy);
    groups.erase(groups.begin());
  }
}

void end_copies() {
  commit_copies();
  wait_copies(0);
}

}  // namespace tl::emulator
