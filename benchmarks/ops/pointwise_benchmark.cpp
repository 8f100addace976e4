// pointwise over the activations of a step.
#include <tl/kernels/cpu/pointwise.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void pointwise_sigmoid(benchmark::State& state) {
  const auto x = filled({n});
  auto y = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::PointwiseForward<float>{
                                 .x = x.data(), .y = y.data(), .n = n, .function = kernels::Pointwise::sigmoid});
  declare(state, 8.0 * n, 3.0 * n);
}
BENCHMARK(pointwise_sigmoid)->UseRealTime();

void pointwise_sigmoid_backward(benchmark::State& state) {
  const auto dy = filled({n}), y = filled({n});
  auto dx = filled({n});
  for (auto _ : state)
    kernels::run(
        cpu_device,
        kernels::PointwiseBackward<float>{
            .dy = dy.data(), .saved = y.data(), .dx = dx.data(), .n = n, .function = kernels::Pointwise::sigmoid});
  declare(state, 12.0 * n, 3.0 * n);
}
BENCHMARK(pointwise_sigmoid_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
