// squared_norm over the gradients of the 66.4 million parameters of DistilBERT.
#include <tl/kernels/cpu/squared_norm.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void squared_norm(benchmark::State& state) {
  constexpr std::int64_t n = 66'362'880;
  const auto x = filled({n});
  double result = 0.0;
  for (auto _ : state) kernels::run(cpu_device, kernels::SquaredNorm<float>{.x = x.data(), .result = &result, .n = n});
  benchmark::DoNotOptimize(result);
  declare(state, 4.0 * n, 2.0 * n);
}
BENCHMARK(squared_norm)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tl::bench
