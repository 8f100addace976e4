// softmax over the activations of a step.
#include <tl/kernels/cpu/softmax.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void softmax_forward(benchmark::State& state) {
  const auto x = filled({n});
  auto y = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::SoftmaxForward<float>{.x = x.data(), .y = y.data(), .n = tokens, .c = width});
  declare(state, 8.0 * n, 3.0 * n);
}
BENCHMARK(softmax_forward)->UseRealTime();

void softmax_backward(benchmark::State& state) {
  const auto dy = filled({n}), y = filled({n});
  auto dx = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::SoftmaxBackward<float>{
                                 .dy = dy.data(), .y = y.data(), .dx = dx.data(), .n = tokens, .c = width});
  declare(state, 12.0 * n, 4.0 * n);
}
BENCHMARK(softmax_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
