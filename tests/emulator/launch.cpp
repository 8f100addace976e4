// Running a grid: block after block, under each schedule. The first one's results stay; the others begin from the same
// memory and must end with the same bits.
#include <algorithm>
#include <mutex>
#include <numeric>
#include <sstream>

#include "api.hpp"
#include "async_copies.hpp"
#include "machine.hpp"
#include "source_places.hpp"

namespace tl::emulator {
namespace {

/// What each thread of a kernel runs.
void run_thread() {
  Machine& m = machine();
  m.kernel->call(m.kernel->arguments);
  end_copies();
  m.block.end_thread();
}

std::string find_bad_size(const Machine& m, const cudaLaunchConfig_t& how, const KernelCall& what) {
  const dim3 grid = how.gridDim, block = how.blockDim;
  const auto between = [](unsigned value, unsigned most) { return value >= 1 && value <= most; };
  std::ostringstream text;
  if (!between(grid.x, 0x7FFFFFFF) || !between(grid.y, 65535) || !between(grid.z, 65535))
    text << "a grid has 1 to 2147483647 x 65535 x 65535 blocks, not " << grid.x << " x " << grid.y << " x " << grid.z;
  else if (!between(block.x, most_threads) || !between(block.y, most_threads) || !between(block.z, 64) ||
           std::uint64_t{block.x} * block.y * block.z > most_threads)
    text << "a block has 1 to 1024 threads, not " << block.x << " x " << block.y << " x " << block.z;
  const auto found = m.dynamic_shared_limits.find(what.kernel);
  const std::size_t limit = found == m.dynamic_shared_limits.end() ? SharedMemory::default_limit : found->second;
  if (how.dynamicSmemBytes > limit)
    text << "the kernel may have " << limit << " bytes of dynamic shared memory, not " << how.dynamicSmemBytes
         << "; cudaFuncSetAttribute allows more";
  return text.str();
}

void run_grid(Machine& m, const cudaLaunchConfig_t& how, Schedule schedule) {
  if (m.counts()) ++m.statistics.grids;
  m.schedule = schedule;
  m.next_interval();
  m.launch_begin = m.interval;
  m.block_begins.clear();
  m.shared.begin_launch(how.dynamicSmemBytes);
  const std::uint64_t blocks = std::uint64_t{how.gridDim.x} * how.gridDim.y * how.gridDim.z;
  std::vector<std::uint64_t> order;  // empty: as they come
  if (schedule == Schedule::random && blocks <= (1U << 20)) {
    order.resize(blocks);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    for (std::uint64_t i = blocks, state = m.seed; i > 1; --i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      std::swap(order[i - 1], order[(state >> 33) % i]);
    }
  }
  for (std::uint64_t i = 0; i < blocks && !m.failed(); ++i) {
    const std::uint64_t n = !order.empty() ? order[i] : schedule == Schedule::reverse ? blocks - 1 - i : i;
    const uint3 index{static_cast<unsigned>(n % how.gridDim.x),
                      static_cast<unsigned>(n / how.gridDim.x % how.gridDim.y),
                      static_cast<unsigned>(n / how.gridDim.x / how.gridDim.y)};
    m.next_interval();
    m.block_begin = m.interval;
    m.block_begins.emplace_back(m.interval, index);
    m.shared.begin_block();
    m.block.run(index, how.blockDim, schedule, &run_thread, m.seed + i);
    ++m.statistics.blocks;
  }
  ++m.seed;
}

void run_schedules(Machine& m, const cudaLaunchConfig_t& how) {
  m.pages.begin();
  for (std::size_t i = 0; i < m.schedules.size() && !m.failed(); ++i) {
    if (i == 1) m.pages.keep_results();
    if (i > 0) m.pages.undo();
    run_grid(m, how, m.schedules[i]);
    if (i == 0 || m.failed()) continue;
    const std::uintptr_t differs = m.pages.first_difference();
    if (differs == 0) continue;
    std::ostringstream text;
    text << "kernel " << function_name(m.kernel->kernel) << ": " << device_memory().describe(differs)
         << " is another one when threads and blocks run in " << to_string(m.schedules[i]) << " order than in "
         << to_string(m.schedules[0]) << " order";
    m.failure = {cudaErrorLaunchFailure, text.str()};
  }
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& how, const KernelCall& what) {
  const std::scoped_lock lock(api_mutex());
  Machine& m = machine();
  const std::string bad = find_bad_size(m, how, what);
  if (!bad.empty())
    return api_error(cudaErrorInvalidConfiguration, "kernel " + function_name(what.kernel) + ": " + bad);
  m.kernel = &what;
  running_machine = &m;
  if (m.counts()) ++m.statistics.launches[what.kernel];
  set_sizes(how.gridDim, how.blockDim);
  m.failure = {};
  {
    const UnlockedDevice unlocked;
    run_schedules(m, how);
  }
  running_machine = nullptr;
  m.kernel = nullptr;
  return m.failed() ? api_error(m.failure.error, m.failure.text) : cudaSuccess;
}

}  // namespace tl::emulator
