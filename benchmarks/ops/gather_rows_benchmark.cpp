// gather_rows: the first token of each sequence of a step.
#include <tl/kernels/cpu/gather_rows.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(sequences * width);

void gather_rows_forward(benchmark::State& state) {
  const auto rows = numbers(sequences, tokens);
  const auto x = filled({tokens, width});
  auto y = filled({sequences, width});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::GatherRowsForward<float>{
                     .x = x.data(), .rows = rows.data(), .y = y.data(), .n = tokens, .m = sequences, .d = width});
  declare(state, 8.0 * elements, 0.0);
}
BENCHMARK(gather_rows_forward)->UseRealTime();

void gather_rows_backward(benchmark::State& state) {
  const auto rows = numbers(sequences, tokens);
  const auto dy = filled({sequences, width});
  auto dx = filled({tokens, width});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::GatherRowsBackward<float>{
                     .dy = dy.data(), .rows = rows.data(), .dx = dx.data(), .n = tokens, .m = sequences, .d = width});
  declare(state, 12.0 * elements, elements);
}
BENCHMARK(gather_rows_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
