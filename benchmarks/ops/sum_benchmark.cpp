// sum over the activations of a step.
#include <tl/kernels/cpu/sum.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void sum_forward(benchmark::State& state) {
  const auto x = filled({n});
  auto y = filled({1});
  for (auto _ : state) kernels::run(cpu_device, kernels::SumForward<float>{.x = x.data(), .y = y.data(), .n = n});
  declare(state, 4.0 * n, 1.0 * n);
}
BENCHMARK(sum_forward)->UseRealTime();

void sum_backward(benchmark::State& state) {
  const auto dy = filled({1});
  auto dx = filled({n});
  for (auto _ : state) kernels::run(cpu_device, kernels::SumBackward<float>{.dy = dy.data(), .dx = dx.data(), .n = n});
  declare(state, 4.0 * n, 0.0);
}
BENCHMARK(sum_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
