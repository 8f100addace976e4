// Attention with 12 heads of width 64, about 432 tokens in sequences of one length. FLOPs of the products alone:
// 4 T^2 H K per sequence forward, 10 T^2 H K backward (which recomputes the scores).
#include <benchmark/benchmark.h>

#include <algorithm>

#include <tl/kernels/cpu/attention.hpp>

#include "support/peak.hpp"

namespace {

/// Arguments: threads, sequence length, dropout in percent.
void attention(benchmark::State& state, bool backward) {
  tl::set_num_threads(static_cast<int>(state.range(0)));
  const std::int64_t length = state.range(1), b = std::max<std::int64_t>(1, 432 / length), heads = 12, width = 64;
  const std::int64_t n = b * length, row = heads * width, stride = 3 * row;
  const tl::kernels::DropoutMask dropout{.p = static_cast<double>(state.range(2)) / 100, .seed = 1};
  std::vector<std::int32_t> cu;
  for (std::int64_t i = 0; i <= b; ++i) cu.push_back(static_cast<std::int32_t>(i * length));
  const auto qkv = tl::bench::values(n * stride), dout = tl::bench::values(n * row);
  std::vector<float> out(dout), lse(static_cast<std::size_t>(n * heads)), dqkv(qkv);
  const float *const q = qkv.data(), *const k = q + row, *const v = k + row;
  const auto run_forward = [&] {
    tl::kernels::run(tl::cpu_device, tl::kernels::AttentionForward<float>{.q = q,
                                                                          .k = k,
                                                                          .v = v,
                                                                          .q_stride = stride,
                                                                          .k_stride = stride,
                                                                          .v_stride = stride,
                                                                          .cu_q = cu.data(),
                                                                          .cu_k = cu.data(),
                                                                          .n_q = n,
                                                                          .n_k = n,
                                                                          .max_q = length,
                                                                          .max_k = length,
                                                                          .out = out.data(),
                                                                          .lse = lse.data(),
                                                                          .b = b,
                                                                          .heads = heads,
                                                                          .head_width = width,
                                                                          .scale = 0.125,
                                                                          .dropout = dropout});
  };
  run_forward();
  const tl::bench::Rate rate;
  for (auto _ : state) {
    if (backward)
      tl::kernels::run(tl::cpu_device, tl::kernels::AttentionBackward<float>{.dout = dout.data(),
                                                                             .out = out.data(),
                                                                             .lse = lse.data(),
                                                                             .q = q,
                                                                             .k = k,
                                                                             .v = v,
                                                                             .q_stride = stride,
                                                                             .k_stride = stride,
                                                                             .v_stride = stride,
                                                                             .cu_q = cu.data(),
                                                                             .cu_k = cu.data(),
                                                                             .n_q = n,
                                                                             .n_k = n,
                                                                             .max_q = length,
                                                                             .max_k = length,
                                                                             .dq = dqkv.data(),
                                                                             .dk = dqkv.data() + row,
                                                                             .dv = dqkv.data() + 2 * row,
                                                                             .b = b,
                                                                             .heads = heads,
                                                                             .head_width = width,
                                                                             .scale = 0.125,
                                                                             .dropout = dropout});
    else run_forward();
    benchmark::ClobberMemory();
  }
  rate.report(state, (backward ? 10.0 : 4.0) * static_cast<double>(b * length * length * row));
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"threads", "length", "dropout%"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (const std::int64_t threads : {1, 2})
    for (const std::int64_t length : {16, 27, 64, 128, 512})
      for (const std::int64_t dropout : {0, 10}) b->Args({threads, length, dropout});
}

BENCHMARK_CAPTURE(attention, forward, false)->Apply(sizes);
BENCHMARK_CAPTURE(attention, backward, true)->Apply(sizes);

}  // namespace
