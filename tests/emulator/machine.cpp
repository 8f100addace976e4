#include "machine.hpp"

#include <cstdlib>
#include <sstream>

#include "source_places.hpp"

namespace tl::emulator {

Machine::Machine()
    : global(device_memory().begin(), DeviceMemory::capacity), pages(device_memory().begin(), DeviceMemory::capacity) {}

Machine* running_machine = nullptr;

Machine& machine() {
  static Machine& made = *new Machine;
  return made;
}

uint3 Machine::block_of(std::uint32_t interval_) const {
  uint3 found{};
  for (auto begin = block_begins.rbegin(); begin != block_begins.rend(); ++begin)
    if (begin->first <= interval_) return begin->second;
  return found;
}

std::string describe(uint3 index) {
  std::ostringstream text;
  text << "(" << index.x << ", " << index.y << ", " << index.z << ")";
  return text.str();
}

std::string describe(const Place& place) {
  const std::string file = place.file_name();
  return "at " + file.substr(file.rfind('/') + 1) + ":" + std::to_string(place.line());
}

void record_failure(unsigned thread, const std::string& place, const std::string& what, cudaError_t error) {
  Machine& m = machine();
  if (m.failed()) return;  // the first one is the cause
  std::ostringstream text;
  text << "kernel " << function_name(m.kernel->kernel) << ", block " << describe(m.block.index()) << ", thread "
       << describe(m.block.thread(thread).index) << ", " << place << ": " << what;
  m.failure = {error, text.str()};
}

void fail_thread(unsigned thread, const std::string& place, const std::string& what, cudaError_t error) {
  record_failure(thread, place, what, error);
  machine().block.leave();
  std::abort();  // the scheduler does not come back to a block that has failed
}

}  // namespace tl::emulator
