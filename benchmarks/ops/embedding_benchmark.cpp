// embedding of the tokens of a step.
#include <tl/kernels/cpu/embedding.hpp>
#include <tl/ops/embedding.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

const double elements = static_cast<double>(tokens * width);

void embedding_forward(benchmark::State& state) {
  const auto ids = numbers(tokens, vocabulary);
  const auto table = filled({vocabulary, width});
  auto y = filled({tokens, width});
  for (auto _ : state)
    kernels::run(
        cpu_device,
        kernels::EmbeddingForward<float>{
            .ids = ids.data(), .table = table.data(), .y = y.data(), .n = tokens, .d = width, .v = vocabulary});
  declare(state, 8.0 * elements, 0.0);
}
BENCHMARK(embedding_forward)->UseRealTime();

void embedding_backward(benchmark::State& state) {
  const RowGroups groups = group_rows(numbers(tokens, vocabulary));
  const auto dy = filled({tokens, width});
  auto dtable = filled({vocabulary, width});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::EmbeddingBackward<float>{.groups = ops::detail::grouped(groups),
                                                               .dy = dy.data(),
                                                               .dtable = dtable.data(),
                                                               .n = tokens,
                                                               .d = width,
                                                               .v = vocabulary});
  declare(state, 12.0 * elements, elements);
}
BENCHMARK(embedding_backward)->UseRealTime();

}  // namespace
}  // namespace tl::bench
