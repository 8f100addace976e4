// add over the activations of a step.
#include <tl/kernels/cpu/add.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void add(benchmark::State& state) {
  constexpr std::int64_t n = tokens * width;
  const auto a = filled({n}), b = filled({n});
  auto y = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::Add<float>{.a = a.data(), .b = b.data(), .y = y.data(), .n = n, .alpha = 0.5F});
  declare(state, 12.0 * n, 2.0 * n);
}
BENCHMARK(add)->UseRealTime();

}  // namespace
}  // namespace tl::bench
