// mse_loss over the activations of a step.
#include <tl/kernels/cpu/mse_loss.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void mse_loss_forward(benchmark::State& state) {
  const auto x = filled({n}), target = filled({n});
  auto loss = filled({1});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::MseLossForward<float>{.x = x.data(), .target = target.data(), .loss = loss.data(), .n = n});
  declare(state, 8.0 * n, 3.0 * n);
}
BENCHMARK(mse_loss_forward)->UseRealTime();

void mse_loss_backward(benchmark::State& state) {
  const auto dloss = filled({1}), x = filled({n}), target = filled({n});
  auto dx = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::MseLossBackward<float>{
                     .dloss = dloss.data(), .x = x.data(), .target = target.data(), .dx = dx.data(), .n = n});
  declare(state, 12.0 * n, 2.0 * n);
}
BENCHMARK(mse_loss_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
