// divide over the activations of a step.
#include <tl/kernels/cpu/divide.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void divide_forward(benchmark::State& state) {
  const auto a = filled({n}), b = filled({n});
  auto y = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::DivideForward<float>{.a = a.data(), .b = b.data(), .y = y.data(), .n = n});
  declare(state, 12.0 * n, 1.0 * n);
}
BENCHMARK(divide_forward)->UseRealTime();

void divide_backward(benchmark::State& state) {
  const auto dy = filled({n}), b = filled({n}), y = filled({n});
  auto da = filled({n}), db = filled({n});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::DivideBackward<float>{
                     .dy = dy.data(), .b = b.data(), .y = y.data(), .da = da.data(), .db = db.data(), .n = n});
  declare(state, 20.0 * n, 4.0 * n);
}
BENCHMARK(divide_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
