// What tests ask the emulator for. It includes nothing of CUDA, so that tests are compiled as for hardware.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace tl::emulator {

/// Runs each kernel under one schedule instead of three as long as it exists, for long runs.
class OneSchedule {
 public:
  OneSchedule();
  ~OneSchedule();
  OneSchedule(const OneSchedule&) = delete;
  OneSchedule& operator=(const OneSchedule&) = delete;
};

/// What has run in this process.
struct Figures {
  std::uint64_t kernels = 0;  ///< different ones
  std::uint64_t launches = 0;
  std::uint64_t schedules = 0;  ///< grids that ran: launches times schedules
  std::uint64_t blocks = 0;
  std::uint64_t accesses = 0;  ///< checked reads and writes
};
Figures figures();
/// For kernels of the emulator's own tests.
void leave_out_of_figures(const void* kernel);

/// The sentence of the latest error of a call of the runtime.
std::string last_report();

/// Runs `access` and returns the sentence if it touches device memory as only a kernel or a copy may; else "".
std::string report_of_host_access(const std::function<void()>& access);

/// How much memory the device has; 0 is the usual amount.
void set_memory_limit(std::size_t bytes);

}  // namespace tl::emulator
