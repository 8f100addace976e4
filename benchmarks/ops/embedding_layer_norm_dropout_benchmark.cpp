// The embedding block over the tokens of a step.
#include <tl/kernels/cpu/embedding_layer_norm_dropout.hpp>
#include <tl/ops/embedding.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(tokens * width);
const kernels::DropoutMask mask{.p = 0.1, .seed = 1, .site = 2, .step = 3};

void embedding_layer_norm_dropout_forward(benchmark::State& state) {
  const auto ids = numbers(tokens, vocabulary), places = numbers(tokens, 20);
  const auto word = filled({vocabulary, width}), position = filled({positions, width});
  const auto gamma = filled({width}), beta = filled({width});
  auto y = filled({tokens, width}), xhat = filled({tokens, width}), rstd = filled({tokens});
  for (auto _ : state)
    kernels::run(cpu_device,
                 kernels::EmbeddingLayerNormDropoutForward<float>{
                     .tables = {{{ids.data(), word.data(), vocabulary}, {places.data(), position.data(), positions}}},
                     .table_count = 2,
                     .gamma = gamma.data(),
                     .beta = beta.data(),
                     .y = y.data(),
                     .xhat = xhat.data(),
                     .rstd = rstd.data(),
                     .n = tokens,
                     .d = width,
                     .eps = 1e-12,
                     .dropout = mask});
  declare(state, 16.0 * elements, 10.0 * elements);
}
BENCHMARK(embedding_layer_norm_dropout_forward)->UseRealTime();

void embedding_layer_norm_dropout_backward(benchmark::State& state) {
  const RowGroups ids = group_rows(numbers(tokens, vocabulary)), places = group_rows(numbers(tokens, 20));
  const auto dy = filled({tokens, width}), xhat = filled({tokens, width}), rstd = filled({tokens});
  const auto gamma = filled({width});
  auto dword = filled({vocabulary, width}), dposition = filled({positions, width});
  auto dgamma = filled({width}), dbeta = filled({width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::EmbeddingLayerNormDropoutBackward<float>{
                                 .tables = {{{ops::detail::grouped(ids), dword.data(), vocabulary},
                                             {ops::detail::grouped(places), dposition.data(), positions}}},
                                 .table_count = 2,
                                 .dy = dy.data(),
                                 .xhat = xhat.data(),
                                 .rstd = rstd.data(),
                                 .gamma = gamma.data(),
                                 .dgamma = dgamma.data(),
                                 .dbeta = dbeta.data(),
                                 .n = tokens,
                                 .d = width,
                                 .dropout = mask});
  declare(state, 28.0 * elements, 17.0 * elements);
}
BENCHMARK(embedding_layer_norm_dropout_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
