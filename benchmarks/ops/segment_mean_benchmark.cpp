// segment_mean over the sequences of a step.
#include <tl/kernels/cpu/segment_mean.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(tokens * width);

Tensor<std::int32_t> offsets() {
  auto result = Tensor<std::int32_t>::empty({sequences + 1});
  for (std::int64_t b = 0; b <= sequences; ++b) result.at({b}) = static_cast<std::int32_t>(b * tokens / sequences);
  return result;
}

void segment_mean_forward(benchmark::State& state) {
  const auto cu_seqlens = offsets();
  const auto x = filled({tokens, width});
  auto y = filled({sequences, width});
  for (auto _ : state)
    kernels::run(
        cpu_device,
        kernels::SegmentMeanForward<float>{
            .x = x.data(), .cu_seqlens = cu_seqlens.data(), .y = y.data(), .n = tokens, .b = sequences, .d = width});
  declare(state, 4.0 * elements, elements);
}
BENCHMARK(segment_mean_forward)->UseRealTime();

void segment_mean_backward(benchmark::State& state) {
  const auto cu_seqlens = offsets();
  const auto dy = filled({sequences, width});
  auto dx = filled({tokens, width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::SegmentMeanBackward<float>{.dy = dy.data(),
                                                                 .cu_seqlens = cu_seqlens.data(),
                                                                 .dx = dx.data(),
                                                                 .n = tokens,
                                                                 .b = sequences,
                                                                 .d = width});
  declare(state, 4.0 * elements, elements);
}
BENCHMARK(segment_mean_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
