// row_broadcast over the activations of a step.
#include <tl/kernels/cpu/row_broadcast.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void row_broadcast_forward(benchmark::State& state) {
  const auto x = filled({n}), row = filled({width});
  auto y = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::RowBroadcastForward<float>{
                     .x = x.data(), .row = row.data(), .y = y.data(), .n = tokens, .d = width, .multiply = true});
  declare(state, 8.0 * n, 1.0 * n);
}
BENCHMARK(row_broadcast_forward)->UseRealTime();

void row_broadcast_backward(benchmark::State& state) {
  const auto dy = filled({n}), x = filled({n}), row = filled({width});
  auto dx = filled({n}), drow = filled({width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::RowBroadcastBackward<float>{.dy = dy.data(),
                                                                  .x = x.data(),
                                                                  .row = row.data(),
                                                                  .dx = dx.data(),
                                                                  .drow = drow.data(),
                                                                  .n = tokens,
                                                                  .d = width,
                                                                  .multiply = true});
  declare(state, 12.0 * n, 3.0 * n);
}
BENCHMARK(row_broadcast_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
