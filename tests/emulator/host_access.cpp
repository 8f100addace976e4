// Host code that touches device memory gets a signal, because the memory is locked. The handler says what happened; a
// test that provokes it gets the sentence instead. The same handler names the kernel whose thread needs more stack.
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

#include <ucontext.h>
#include <unistd.h>

#include "emulator.hpp"
#include "machine.hpp"
#include "source_places.hpp"

namespace tl::emulator {
namespace {

sigjmp_buf back_to_test;
volatile std::sig_atomic_t test_waits = 0;
std::string sentence;

std::string describe_fault(std::uintptr_t address, const void* instruction) {
  std::ostringstream text;
  Machine& m = machine();
  const std::string place = "at " + place_of_call(static_cast<const char*>(instruction) + 1);
  if (device_memory().contains(address)) {
    text << "the host touches device memory, " << place << ": " << device_memory().describe(address);
  } else if (running_machine != nullptr && m.block.fibers().contains(address)) {
    text << "kernel " << function_name(m.kernel->kernel) << ", thread " << describe(m.block.thread().index)
         << ": its local variables need more than the stack of " << Fibers::stack_bytes << " bytes";
  }
  return text.str();
}

void handle(int signal, siginfo_t* information, void* context) {
  const auto* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const std::string text = describe_fault(reinterpret_cast<std::uintptr_t>(information->si_addr),
                                          reinterpret_cast<const void*>(registers[REG_RIP]));
  if (test_waits != 0) {
    sentence = text;
    siglongjmp(back_to_test, 1);
  }
  const std::string line = text.empty() ? "" : text + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
  std::signal(signal, SIG_DFL);  // the same instruction fails again, now for good
}

/// What a process does about SIGSEGV. A test framework has a handler of its own while a test runs.
struct SignalSettings {
  struct sigaction action {};
  stack_t stack{};
};

SignalSettings install_handler() {
  static char stack[1 << 16];
  stack_t alternative{};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  struct sigaction action {};
  action.sa_sigaction = &handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  SignalSettings former;
  sigaltstack(&alternative, &former.stack);
  sigaction(SIGSEGV, &action, &former.action);
  return former;
}

// Each tensor must be an allocation of its own, or an index into the next one would be an index into the same chunk.
[[maybe_unused]] const bool installed = (install_handler(), setenv("TL_CUDA_KEEP_MEMORY", "0", 0), true);

}  // namespace

std::string report_of_host_access(const std::function<void()>& access) {
  const SignalSettings former = install_handler();
  sentence.clear();
  test_waits = 1;
  if (sigsetjmp(back_to_test, 1) == 0) access();
  test_waits = 0;
  sigaction(SIGSEGV, &former.action, nullptr);
  sigaltstack(&former.stack, nullptr);
  return sentence;
}

OneSchedule::OneSchedule() { machine().schedules = {Schedule::forward}; }
OneSchedule::~OneSchedule() { machine().schedules = {Schedule::forward, Schedule::reverse, Schedule::random}; }

Figures figures() {
  const Statistics& s = machine().statistics;
  Figures sum{.kernels = s.launches.size(), .schedules = s.grids, .blocks = s.blocks, .accesses = s.accesses};
  for (const auto& [kernel, launches] : s.launches) sum.launches += launches;
  return sum;
}

void leave_out_of_figures(const void* kernel) { machine().left_out.insert(kernel); }

std::string last_report() { return machine().last_report; }

void set_memory_limit(std::size_t bytes) { device_memory().set_limit(bytes == 0 ? DeviceMemory::capacity : bytes); }

}  // namespace tl::emulator
