// bce_with_logits over the activations of a step.
#include <tl/kernels/cpu/bce_with_logits.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void bce_with_logits_forward(benchmark::State& state) {
  const auto x = filled({n}), target = filled({n});
  auto loss = filled({1});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::BceWithLogitsForward<float>{
                                 .logits = x.data(), .target = target.data(), .loss = loss.data(), .n = n});
  declare(state, 8.0 * n, 6.0 * n);
}
BENCHMARK(bce_with_logits_forward)->UseRealTime();

void bce_with_logits_backward(benchmark::State& state) {
  const auto dloss = filled({1}), x = filled({n}), target = filled({n});
  auto dx = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::BceWithLogitsBackward<float>{
                     .dloss = dloss.data(), .logits = x.data(), .target = target.data(), .dlogits = dx.data(), .n = n});
  declare(state, 12.0 * n, 4.0 * n);
}
BENCHMARK(bce_with_logits_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
