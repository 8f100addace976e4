// dropout over the tokens of a step.
#include <tl/kernels/cpu/dropout.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void dropout(benchmark::State& state) {
  const auto x = filled({tokens, width});
  auto y = filled({tokens, width});
  const kernels::DropoutMask mask{.p = 0.1, .seed = 1, .site = 2, .step = 3};
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::Dropout<float>{.x = x.data(), .y = y.data(), .n = tokens, .d = width, .mask = mask});
  declare(state, 8.0 * static_cast<double>(tokens * width), static_cast<double>(tokens * width));
}
BENCHMARK(dropout)->UseRealTime();

}  // namespace
}  // namespace tl::bench
