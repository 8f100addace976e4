// layer_norm over the tokens of a step.
#include <tl/kernels/cpu/layer_norm.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(tokens * width);

void layer_norm_forward(benchmark::State& state) {
  const auto x = filled({tokens, width}), gamma = filled({width}), beta = filled({width});
  auto y = filled({tokens, width}), mean = filled({tokens}), rstd = filled({tokens});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::LayerNormForward<float>{.x = x.data(),
                                                              .gamma = gamma.data(),
                                                              .beta = beta.data(),
                                                              .y = y.data(),
                                                              .mean = mean.data(),
                                                              .rstd = rstd.data(),
                                                              .n = tokens,
                                                              .d = width,
                                                              .eps = 1e-12});
  declare(state, 8.0 * elements, 8.0 * elements);
}
BENCHMARK(layer_norm_forward)->UseRealTime();

void layer_norm_backward(benchmark::State& state) {
  const auto x = filled({tokens, width}), dy = filled({tokens, width}), gamma = filled({width});
  const auto mean = filled({tokens}), rstd = filled({tokens});
  auto dx = filled({tokens, width}), dgamma = filled({width}), dbeta = filled({width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::LayerNormBackward<float>{.dy = dy.data(),
                                                               .x = x.data(),
                                                               .gamma = gamma.data(),
                                                               .mean = mean.data(),
                                                               .rstd = rstd.data(),
                                                               .dx = dx.data(),
                                                               .dgamma = dgamma.data(),
                                                               .dbeta = dbeta.data(),
                                                               .n = tokens,
                                                               .d = width});
  declare(state, 12.0 * elements, 15.0 * elements);
}
BENCHMARK(layer_norm_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
