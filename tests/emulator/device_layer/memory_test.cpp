// The GPU's memory and the host's pinned memory: what is asked of the driver, when memory is used again, and what is
// said when there is none.
#include "support/catch.hpp"

#include <tl/kernels/cuda/memory.cuh>

#include <string>
#include <vector>

#include "emulator/emulator.hpp"
#include "runtime_in_place.hpp"

using tl::cuda::DeviceMemory;
using tl::cuda::PinnedMemory;
using tl::cuda::runtime;
using tl::test::RuntimeInPlace;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// Memory of its own that keeps what is freed, and gives it back at the end.
class KeepingMemory : public DeviceMemory {
 public:
  KeepingMemory() { keep(true); }
  ~KeepingMemory() { clear(); }
};

/// A device of `bytes` as long as it lives.
class SmallDevice {
 public:
  explicit SmallDevice(std::size_t bytes) { tl::emulator::set_memory_limit(bytes); }
  ~SmallDevice() { tl::emulator::set_memory_limit(0); }
  SmallDevice(const SmallDevice&) = delete;
  SmallDevice& operator=(const SmallDevice&) = delete;
};

}  // namespace

TEST_CASE("cuda memory: after the largest batch the driver is asked for nothing") {
  KeepingMemory memory;
  const auto step = [&memory](std::size_t rows) {
    std::vector<void*> blocks;
    for (std::size_t i = 1; i <= 20; ++i) blocks.push_back(memory.allocate(rows * i * 1000));
    for (void* const block : blocks) memory.release(block);
  };
  step(500);
  const std::int64_t before = memory.driver_requests();
  CHECK(before > 0);
  for (std::size_t rows = 1; rows < 500; rows += 37) step(rows);
  CHECK(memory.driver_requests() == before);
  memory.clear();
  step(1);
  CHECK(memory.driver_requests() == before + 1);
}

TEST_CASE("cuda memory: blocks begin at multiples of 256 bytes and do not overlap") {
  KeepingMemory memory;
  char* const first = static_cast<char*>(memory.allocate(1));
  char* const second = static_cast<char*>(memory.allocate(257));
  char* const third = static_cast<char*>(memory.allocate(0));
  for (const char* const block : {first, second, third}) CHECK(reinterpret_cast<std::uintptr_t>(block) % 256 == 0);
  CHECK(second == first + 256);
  CHECK(third == second + 512);
  memory.release(second);
  CHECK(memory.allocate(300) == second);
  for (void* const block : {first, second, third}) memory.release(block);
}

TEST_CASE("cuda memory: without keeping, each block is the driver's own") {
  KeepingMemory memory;
  memory.keep(false);
  const std::int64_t before = memory.driver_requests();
  for (int i = 0; i < 3; ++i) memory.release(memory.allocate(1000));
  CHECK(memory.driver_requests() == before + 3);
}

TEST_CASE("cuda memory: running out of it says what was asked for, what there is and what helps; then it goes on") {
  DeviceMemory::instance().clear();
  KeepingMemory memory;
  const SmallDevice device(640 * mib);
  void* const small = memory.allocate(100 * mib);  // in a chunk of 256 MiB
  const std::string sentence = tl::test::error_of([&] { (void)memory.allocate(600 * mib); });
  CHECK(sentence.find("out of memory: cannot allocate 629145600 bytes on cuda:0, where ") == 0);
  CHECK(sentence.find(" of 671088640 bytes are free and 268435456 are held by this program, 104857600 of them in use; "
                      "use smaller batches (with gradient_accumulation_steps for the same updates), shorter texts, or "
                      "bf16 where it is supported") != std::string::npos);
  memory.release(small);
  // What is not in use is given back, and a chunk may be smaller than usual, before an error says that there is none.
  void* const large = memory.allocate(600 * mib);
  memory.release(large);
}

TEST_CASE("cuda memory: another error of the driver has its own words") {
  const RuntimeInPlace kept;
  KeepingMemory memory;
  runtime.malloc = [](void**, std::size_t) { return cudaErrorLaunchFailure; };
  TL_REQUIRE_ERROR(memory.allocate(1000), "CUDA: cannot allocate 268435456 bytes: ");
}

TEST_CASE("cuda memory: pinned memory is used again when the copies before its release are done") {
  const RuntimeInPlace kept;
  PinnedMemory memory;
  void* const first = memory.allocate(1000);
  runtime.event_query = [](cudaEvent_t) { return cudaErrorNotReady; };
  memory.release(first);
  void* const second = memory.allocate(1000);
  CHECK(second != first);
  runtime.event_query = [](cudaEvent_t) { return cudaSuccess; };
  CHECK(memory.allocate(1000) == first);
}
