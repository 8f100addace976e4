// The end of an encoder half-block over the tokens of a step, with and without dropout.
#include <tl/kernels/cpu/bias_dropout_residual_layer_norm.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(tokens * width);

kernels::DropoutMask mask(const benchmark::State& state) {
  return {.p = 0.01 * static_cast<double>(state.range(0)), .seed = 1, .site = 2, .step = 3};
}

void bias_dropout_residual_layer_norm_forward(benchmark::State& state) {
  const auto x = filled({tokens, width}), residual = filled({tokens, width});
  const auto bias = filled({width}), gamma = filled({width}), beta = filled({width});
  auto y = filled({tokens, width}), xhat = filled({tokens, width}), rstd = filled({tokens});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::BiasDropoutResidualLayerNormForward<float>{.x = x.data(),
                                                                                 .bias = bias.data(),
                                                                                 .residual = residual.data(),
                                                                                 .gamma = gamma.data(),
                                                                                 .beta = beta.data(),
                                                                                 .y = y.data(),
                                                                                 .xhat = xhat.data(),
                                                                                 .rstd = rstd.data(),
                                                                                 .n = tokens,
                                                                                 .d = width,
                                                                                 .eps = 1e-12,
                                                                                 .dropout = mask(state)});
  declare(state, 16.0 * elements, 11.0 * elements);
}
BENCHMARK(bias_dropout_residual_layer_norm_forward)->ArgName("dropout_percent")->Arg(0)->Arg(10)->UseRealTime();

void bias_dropout_residual_layer_norm_backward(benchmark::State& state) {
  const auto dy = filled({tokens, width}), xhat = filled({tokens, width}), rstd = filled({tokens});
  const auto gamma = filled({width});
  auto dx = filled({tokens, width}), dresidual = filled({tokens, width});
  auto dbias = filled({width}), dgamma = filled({width}), dbeta = filled({width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::BiasDropoutResidualLayerNormBackward<float>{.dy = dy.data(),
                                                                                  .xhat = xhat.data(),
                                                                                  .rstd = rstd.data(),
                                                                                  .gamma = gamma.data(),
                                                                                  .dx = dx.data(),
                                                                                  .dresidual = dresidual.data(),
                                                                                  .dbias = dbias.data(),
                                                                                  .dgamma = dgamma.data(),
                                                                                  .dbeta = dbeta.data(),
                                                                                  .n = tokens,
                                                                                  .d = width,
                                                                                  .dropout = mask(state)});
  declare(state, 16.0 * elements, 16.0 * elements);
}
BENCHMARK(bias_dropout_residual_layer_norm_backward)->ArgName("dropout_percent")->Arg(0)->Arg(10)->UseRealTime();

}  // namespace
}  // namespace tl::bench
