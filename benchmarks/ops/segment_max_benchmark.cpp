// segment_max over the sequences of a step.
#include <tl/kernels/cpu/segment_max.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double values = static_cast<double>(tokens * width);

Tensor<std::int32_t> segments() {
  auto result = Tensor<std::int32_t>::empty({sequences + 1});
  for (std::int64_t b = 0; b <= sequences; ++b) result.at({b}) = static_cast<std::int32_t>(b * tokens / sequences);
  return result;
}

void segment_max_forward(benchmark::State& state) {
  const auto cu_seqlens = segments();
  const auto x = filled({tokens, width});
  auto y = filled({sequences, width});
  auto argmax = Tensor<std::int32_t>::empty({sequences, width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::SegmentMaxForward<float>{.x = x.data(),
                                                               .cu_seqlens = cu_seqlens.data(),
                                                               .y = y.data(),
                                                               .argmax = argmax.data(),
                                                               .n = tokens,
                                                               .b = sequences,
                                                               .d = width});
  declare(state, 4.0 * values, values);
}
BENCHMARK(segment_max_forward)->UseRealTime();

void segment_max_backward(benchmark::State& state) {
  const auto dy = filled({sequences, width});
  auto dx = filled({tokens, width});
  auto argmax = Tensor<std::int32_t>::empty({sequences, width});
  for (std::int64_t b = 0; b < sequences; ++b)
    for (std::int64_t i = 0; i < width; ++i) argmax.at({b, i}) = static_cast<std::int32_t>(b * tokens / sequences);
  for (auto _ : state)
    kernels::run(
        cpu_device,
        kernels::SegmentMaxBackward<float>{
            .dy = dy.data(), .argmax = argmax.data(), .dx = dx.data(), .n = tokens, .b = sequences, .d = width});
  declare(state, 4.0 * values, values);
}
BENCHMARK(segment_max_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
