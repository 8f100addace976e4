// multiply over the activations of a step.
#include <tl/kernels/cpu/multiply.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void multiply(benchmark::State& state) {
  constexpr std::int64_t n = tokens * width;
  const auto a = filled({n}), b = filled({n});
  auto y = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::Multiply<float>{.a = a.data(), .b = b.data(), .y = y.data(), .n = n});
  declare(state, 12.0 * n, 1.0 * n);
}
BENCHMARK(multiply)->UseRealTime();

}  // namespace
}  // namespace tl::bench
