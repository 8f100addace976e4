// AdamW over the 66.4 million parameters of DistilBERT.
#include <tl/kernels/cpu/adamw.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

void adamw(benchmark::State& state) {
  constexpr std::int64_t n = 66'362'880;
  auto parameter = filled({n}), exp_avg = Tensor<float>::full({n}, 0.0F), exp_avg_sq = exp_avg.clone();
  const auto gradient = filled({n});
  std::int64_t step = 0;
  for (auto _ : state)
    kernels::run(cpu_device, kernels::AdamW<float>{.parameter = parameter.data(),
                                                   .gradient = gradient.data(),
                                                   .exp_avg = exp_avg.data(),
                                                   .exp_avg_sq = exp_avg_sq.data(),
                                                   .n = n,
                                                   .lr = 5e-5,
                                                   .beta1 = 0.9,
                                                   .beta2 = 0.999,
                                                   .eps = 1e-8,
                                                   .weight_decay = 0.01,
                                                   .step = ++step,
                                                   .gradient_scale = 0.5F});
  declare(state, 28.0 * n, 14.0 * n);
}
BENCHMARK(adamw)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tl::bench
