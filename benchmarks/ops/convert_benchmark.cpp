// convert over the activations of a step, from float to bfloat16.
#include <tl/kernels/cpu/convert.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void convert(benchmark::State& state) {
  constexpr std::int64_t n = tokens * width;
  const auto x = filled({n});
  auto y = Tensor<bfloat16>::empty({n});
  for (auto _ : state) kernels::run(cpu_device, kernels::Convert<float>{.x = x.data(), .y = y.data(), .n = n});
  declare(state, 6.0 * n, 1.0 * n);
}
BENCHMARK(convert)->UseRealTime();

}  // namespace
}  // namespace tl::bench
