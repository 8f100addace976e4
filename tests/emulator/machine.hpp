// The emulated GPU: the launch that runs now, its block, the memory and what the checker has found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "block.hpp"
#include "device_memory.hpp"
#include "include/emulator/runtime_api.hpp"
#include "page_log.hpp"
#include "shadow.hpp"
#include "shared_memory.hpp"

namespace tl::emulator {

/// What a kernel did that it must not do.
struct Failure {
  cudaError_t error = cudaSuccess;
  std::string text;
};

/// What has run in this process.
struct Statistics {
  std::map<const void*, std::uint64_t> launches;  // by kernel
  std::uint64_t grids = 0;                        // launches times schedules
  std::uint64_t blocks = 0;
  std::uint64_t accesses = 0;
};

struct Machine {
  Block block;
  Shadow global;
  SharedMemory shared;
  PageLog pages;
  Statistics statistics;

  // The launch that runs now.
  const KernelCall* kernel = nullptr;
  Schedule schedule = Schedule::forward;
  std::uint32_t interval = 0;                                 // now
  std::uint32_t launch_begin = 0;                             // the first interval of this launch (of this schedule)
  std::uint32_t block_begin = 0;                              // of the block that runs
  std::vector<std::pair<std::uint32_t, uint3>> block_begins;  // of the launch
  Failure failure;

  std::vector<Schedule> schedules = {Schedule::forward, Schedule::reverse, Schedule::random};
  std::set<const void*> left_out;                            // kernels that do not count
  std::map<const void*, std::size_t> dynamic_shared_limits;  // by kernel, where one asked for more
  std::string last_report;
  std::uint64_t seed = 1;

  Machine();
  /// False for the kernels of the emulator's own tests.
  bool counts() const { return !left_out.contains(kernel->kernel); }
  bool failed() const { return failure.error != cudaSuccess; }
  /// A barrier of the block was passed.
  void next_interval() {
    ++interval;
    shared.shadow().forget_lanes();
    global.forget_lanes();
  }
  uint3 block_of(std::uint32_t interval_) const;
};

Machine& machine();
/// The machine while it runs a launch, else nullptr. For hooks, which are also called before the machine is made.
extern Machine* running_machine;

/// Sets gridDim and blockDim.
void set_sizes(dim3 grid, dim3 block);
/// True for an address in one of them.
bool is_size(std::uintptr_t address);

/// Makes the launch fail with a sentence that begins with kernel, block and thread. For the scheduler.
void record_failure(unsigned thread, const std::string& place, const std::string& what,
                    cudaError_t error = cudaErrorLaunchFailure);
/// The same for code that runs in a thread of the kernel, which ends here.
[[noreturn]] void fail_thread(unsigned thread, const std::string& place, const std::string& what,
                              cudaError_t error = cudaErrorLaunchFailure);
/// "at add.cuh:12".
std::string describe(const Place& place);
/// "(3, 0, 0)".
std::string describe(uint3 index);

}  // namespace tl::emulator
