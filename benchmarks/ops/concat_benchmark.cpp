// concat over two matrices of activations.
#include <tl/kernels/cpu/concat.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

constexpr std::int64_t n = tokens * width;

void concat_forward(benchmark::State& state) {
  const auto a = filled({n}), b = filled({n});
  auto y = filled({2 * n});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::ConcatForward<float>{
                     .a = a.data(), .b = b.data(), .y = y.data(), .rows = tokens, .a_width = width, .b_width = width});
  declare(state, 16.0 * n, 0.0);
}
BENCHMARK(concat_forward)->UseRealTime();

void concat_backward(benchmark::State& state) {
  const auto dy = filled({2 * n});
  auto da = filled({n}), db = filled({n});
  for (auto _ : state)
    kernels::run(
        cpu_device,
        kernels::ConcatBackward<float>{
            .dy = dy.data(), .da = da.data(), .db = db.data(), .rows = tokens, .a_width = width, .b_width = width});
  declare(state, 16.0 * n, 0.0);
}
BENCHMARK(concat_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
