// What a benchmark is measured against: the multiply-add rate of this machine, found by running the micro-kernel on
// data in the first-level cache, in the same program and under the same load as the benchmark.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <tl/core/cpu_features.hpp>
#include <tl/core/parallel.hpp>
#include <tl/kernels/cpu/gemm/gemm.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/run.hpp>

namespace tl::bench {

namespace detail {

/// Best rate of all threads together in floating-point operations per second.
template <class Kernel> double kernel_rate() {
  constexpr std::int64_t depth = 128, calls = 1600;  // so that both operands fit into 32 KiB
  const std::int64_t threads = num_threads();
  double best = 0;
  for (int round = 0; round < 20; ++round) {
    const auto start = std::chrono::steady_clock::now();
    parallel_for(threads, 1, [](std::int64_t, std::int64_t) {
      thread_local cpu::Scratch<float> operands, result;
      float* const a = operands.get((Kernel::rows + Kernel::columns) * depth);
      float* const b = a + Kernel::rows * depth / 16 * 16;
      float* const c = result.get(Kernel::rows * Kernel::columns);
      std::fill_n(a, (Kernel::rows + Kernel::columns) * depth, 0.0F);
      cpu::GemmPrefetch nothing;
      for (std::int64_t call = 0; call < calls; ++call)
        Kernel::multiply(Kernel::rows, Kernel::columns, depth, a, 1, Kernel::rows, b, c, Kernel::columns, false,
                         nullptr, nothing);
    });
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    const double operations = 2.0 * Kernel::rows * Kernel::columns * depth * Kernel::depth_step * calls;
    best = std::max(best, operations * static_cast<double>(threads) / time.count());
  }
  return best;
}

}  // namespace detail

/// Floating-point operations per second that all threads reach at the same time in the micro-kernel for `precision`; 0
/// if this machine has no micro-kernel.
inline double peak_rate([[maybe_unused]] Precision precision) {
#ifdef TL_X86_64
  if (precision == Precision::bf16 && cpu_isa() >= CpuIsa::avx512_bf16)
    return detail::kernel_rate<cpu::GemmAvx512Bf16>();
  if (cpu_isa() >= CpuIsa::avx512) return detail::kernel_rate<cpu::GemmAvx512>();
  if (cpu_isa() >= CpuIsa::avx2) return detail::kernel_rate<cpu::GemmAvx2>();
#endif
  return 0;
}

/// Times the loop of a benchmark: made right before it, asked right after it.
class Rate {
 public:
  explicit Rate(Precision precision = Precision::f32)
      : precision_(precision), peak_(peak_rate(precision)), start_(Clock::now()) {}

  /// Adds GFLOP/s and percent of the peak of all threads to a benchmark whose iteration does `operations`.
  void report(benchmark::State& state, double operations) const {
    const std::chrono::duration<double> time = Clock::now() - start_;
    const double rate = operations * static_cast<double>(state.iterations()) / time.count();
    state.counters["GFLOP/s"] = rate / 1e9;
    if (peak_ > 0) state.counters["%peak"] = 100 * rate / peak_;
    state.SetLabel(std::string(to_string(cpu_isa())) + (precision_ == Precision::bf16 ? " bf16" : " f32"));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Precision precision_;
  double peak_;
  Clock::time_point start_;
};

/// Values in [-1, 1) without a pattern that a cache or a branch could profit from.
inline std::vector<float> values(std::int64_t count) {
  std::vector<float> result(static_cast<std::size_t>(count));
  std::uint32_t state = 1;
  for (float& value : result) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) * 0x1p-23F - 1.0F;
  }
  return result;
}

}  // namespace tl::bench
