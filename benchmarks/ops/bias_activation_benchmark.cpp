// bias_activation in the feed-forward block of a step.
#include <tl/kernels/cpu/bias_activation.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(tokens * feed_forward);

template <Activation activation, Precision precision> void bias_activation_forward(benchmark::State& state) {
  const auto x = filled({tokens, feed_forward}), bias = filled({feed_forward});
  auto y = filled({tokens, feed_forward});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::BiasActivationForward<float>{.x = x.data(),
                                                                   .bias = bias.data(),
                                                                   .y = y.data(),
                                                                   .n = tokens,
                                                                   .f = feed_forward,
                                                                   .activation = activation,
                                                                   .precision = precision});
  declare(state, 8.0 * elements, 30.0 * elements);
}
BENCHMARK(bias_activation_forward<Activation::gelu, Precision::f32>)->UseRealTime();
BENCHMARK(bias_activation_forward<Activation::gelu, Precision::bf16>)->UseRealTime();
BENCHMARK(bias_activation_forward<Activation::gelu_tanh, Precision::f32>)->UseRealTime();
BENCHMARK(bias_activation_forward<Activation::relu, Precision::f32>)->UseRealTime();

template <Activation activation, Precision precision> void bias_activation_backward(benchmark::State& state) {
  const auto dy = filled({tokens, feed_forward}), x = filled({tokens, feed_forward}), bias = filled({feed_forward});
  auto dx = filled({tokens, feed_forward}), dbias = filled({feed_forward});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::BiasActivationBackward<float>{.dy = dy.data(),
                                                                    .x = x.data(),
                                                                    .bias = bias.data(),
                                                                    .dx = dx.data(),
                                                                    .dbias = dbias.data(),
                                                                    .n = tokens,
                                                                    .f = feed_forward,
                                                                    .activation = activation,
                                                                    .precision = precision});
  declare(state, 12.0 * elements, 50.0 * elements);
}
BENCHMARK(bias_activation_backward<Activation::gelu, Precision::f32>)->UseRealTime();
BENCHMARK(bias_activation_backward<Activation::gelu, Precision::bf16>)->UseRealTime();
BENCHMARK(bias_activation_backward<Activation::gelu_tanh, Precision::f32>)->UseRealTime();

}  // namespace
}  // namespace tl::bench
