// linear at the sizes of DistilBERT, 438 tokens: forward, and the gradients of input and weight. FLOPs = 2 N I O each.
// The matrices are tensors, so that they are in the same kind of memory as in a training step.
#include <benchmark/benchmark.h>

#include <tl/kernels/cpu/linear.hpp>

#include "support/peak.hpp"
#include "support/step.hpp"

namespace {

using tl::Precision;

enum Pass { forward, backward_input, backward_weight };

/// Arguments: threads, input width, output width, precision.
void linear(benchmark::State& state, Pass pass) {
  tl::set_num_threads(static_cast<int>(state.range(0)));
  const std::int64_t n = 438, in = state.range(1), out = state.range(2);
  const auto precision = static_cast<Precision>(state.range(3));
  auto x = tl::bench::filled({n, in}), weight = tl::bench::filled({out, in}), y = tl::bench::filled({n, out});
  const tl::bench::Rate rate(precision);
  for (auto _ : state) {
    if (pass == forward)
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearForward<float>{.x = x.data(),
                                                                         .weight = weight.data(),
                                                                         .bias = nullptr,
                                                                         .y = y.data(),
                                                                         .n = n,
                                                                         .in = in,
                                                                         .out = out,
                                                                         .precision = precision});
    else if (pass == backward_input)
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardInput<float>{.dy = y.data(),
                                                                               .weight = weight.data(),
                                                                               .dx = x.data(),
                                                                               .n = n,
                                                                               .in = in,
                                                                               .out = out,
                                                                               .precision = precision});
    else
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardWeight<float>{.dy = y.data(),
                                                                                .x = x.data(),
                                                                                .dweight = weight.data(),
                                                                                .dbias = nullptr,
                                                                                .n = n,
                                                                                .in = in,
                                                                                .out = out,
                                                                                .precision = precision});
    benchmark::ClobberMemory();
  }
  rate.report(state, 2.0 * static_cast<double>(n * in * out));
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"threads", "in", "out", "bf16"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (const std::int64_t precision : {0, 1})
    for (const std::int64_t threads : {1, 2})
      for (const auto& [in, out] : {std::pair<std::int64_t, std::int64_t>{768, 768},
                                    {768, 2304},
                                    {768, 3072},
                                    {3072, 768},
                                    {384, 384},
                                    {384, 1152},
                                    {384, 1536},
                                    {1536, 384}})
        b->Args({threads, in, out, precision});
}

BENCHMARK_CAPTURE(linear, forward, forward)->Apply(sizes);
BENCHMARK_CAPTURE(linear, backward_input, backward_input)->Apply(sizes);
BENCHMARK_CAPTURE(linear, backward_weight, backward_weight)->Apply(sizes);

}  // namespace
