// The scalars of a step: on the CPU nothing, on a device the time of two launches.
#include <tl/kernels/cpu/step_state.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void step_state(benchmark::State& state) {
  kernels::StepState scalars{.squared_norm = 2.0};
  const float loss = 0.5F;
  for (auto _ : state) {
    kernels::run(cpu_device, kernels::AddLoss<float>{.loss = &loss, .state = &scalars});
    kernels::run(cpu_device, kernels::PrepareUpdate{.state = &scalars, .max_norm = 1.0F});
    benchmark::DoNotOptimize(scalars);
  }
  declare(state, sizeof scalars, 6.0);
}
BENCHMARK(step_state)->UseRealTime()->Unit(benchmark::kNanosecond);

}  // namespace
}  // namespace tl::bench
