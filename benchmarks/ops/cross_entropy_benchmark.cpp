// cross_entropy of a classifier with two classes, and of a language-model head over the whole vocabulary.
#include <tl/kernels/cpu/cross_entropy.hpp>

#include "support/step.hpp"

namespace tl::bench {
namespace {

Tensor<std::int64_t> labels(std::int64_t c) { return numbers(sequences, c).cast<std::int64_t>(); }

void cross_entropy_forward(benchmark::State& state) {
  const std::int64_t c = state.range(0);
  const auto logits = filled({sequences, c});
  const auto target = labels(c);
  auto probabilities = filled({sequences, c}), loss = filled({1});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::CrossEntropyForward<float>{.logits = logits.data(),
                                                                 .labels = target.data(),
                                                                 .probabilities = probabilities.data(),
                                                                 .loss = loss.data(),
                                                                 .b = sequences,
                                                                 .c = c});
  declare(state, 8.0 * static_cast<double>(sequences * c), 20.0 * static_cast<double>(sequences * c));
}
BENCHMARK(cross_entropy_forward)->ArgName("classes")->Arg(classes)->Arg(vocabulary)->UseRealTime();

void cross_entropy_backward(benchmark::State& state) {
  const std::int64_t c = state.range(0);
  const auto dloss = filled({1}), probabilities = filled({sequences, c});
  const auto target = labels(c);
  auto dlogits = filled({sequences, c});
  for (auto _ : state)
    kernels::run(cpu_device, kernels::CrossEntropyBackward<float>{.dloss = dloss.data(),
                                                                  .probabilities = probabilities.data(),
                                                                  .labels = target.data(),
                                                                  .dlogits = dlogits.data(),
                                                                  .b = sequences,
                                                                  .c = c});
  declare(state, 8.0 * static_cast<double>(sequences * c), 2.0 * static_cast<double>(sequences * c));
}
BENCHMARK(cross_entropy_backward)->ArgName("classes")->Arg(classes)->Arg(vocabulary)->UseRealTime();

}  // namespace
}  // namespace tl::bench
