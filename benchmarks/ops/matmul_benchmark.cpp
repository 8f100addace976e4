// matmul with each transposition, square and at the odd sizes of small models. FLOPs = 2 M N K.
#include <benchmark/benchmark.h>

#include <tl/kernels/cpu/matmul.hpp>

#include "support/peak.hpp"

namespace {

/// Arguments: threads, m, n, k, transpose_a, transpose_b.
void matmul(benchmark::State& state) {
  tl::set_num_threads(static_cast<int>(state.range(0)));
  const std::int64_t m = state.range(1), n = state.range(2), k = state.range(3);
  const auto a = tl::bench::values(m * k), b = tl::bench::values(k * n);
  auto c = tl::bench::values(m * n);
  const tl::bench::Rate rate;
  for (auto _ : state) {
    tl::kernels::run(tl::cpu_device, tl::kernels::MatMul<float>{.a = a.data(),
                                                                .b = b.data(),
                                                                .c = c.data(),
                                                                .m = m,
                                                                .n = n,
                                                                .k = k,
                                                                .transpose_a = state.range(4) != 0,
                                                                .transpose_b = state.range(5) != 0});
    benchmark::ClobberMemory();
  }
  rate.report(state, 2.0 * static_cast<double>(m * n * k));
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"threads", "m", "n", "k", "ta", "tb"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (const std::int64_t threads : {1, 2}) {
    for (const std::int64_t ta : {0, 1})
      for (const std::int64_t tb : {0, 1}) b->Args({threads, 512, 512, 512, ta, tb});
    b->Args({threads, 16, 768, 768, 0, 1})->Args({threads, 16, 2, 768, 0, 1})->Args({threads, 4096, 768, 768, 0, 1});
  }
}

BENCHMARK(matmul)->Apply(sizes);

}  // namespace
