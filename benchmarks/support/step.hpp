// What the kernel benchmarks share: the shapes of a DistilBERT training step on 32 short texts, filled buffers, and the
// declaration of bytes and FLOPs. TL_NUM_THREADS sets the threads, TL_CPU_ISA the instruction set.
#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

#include <tl/core/parallel.hpp>
#include <tl/core/tensor.hpp>

namespace tl::bench {

inline constexpr std::int64_t sequences = 32, tokens = 438, width = 768, feed_forward = 3072, heads = 12, classes = 2;
inline constexpr std::int64_t vocabulary = 30522, positions = 512;

/// A tensor of reproducible values in [-2, 2).
inline Tensor<float> filled(const Shape& shape) {
  Tensor<float> result = Tensor<float>::empty(shape);
  std::uint32_t state = 1;
  for (float& value : result.span()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) * 0x1p-22F - 2.0F;
  }
  return result;
}

/// `count` numbers in [0, limit), with repetitions.
inline Tensor<std::int32_t> numbers(std::int64_t count, std::int64_t limit) {
  Tensor<std::int32_t> result = Tensor<std::int32_t>::empty({count});
  std::uint32_t state = 1;
  for (std::int32_t& value : result.span()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<std::int32_t>((state >> 8) % static_cast<std::uint32_t>(limit));
  }
  return result;
}

/// Declares what one iteration reads and writes, and computes; the rates follow from the measured time.
inline void declare(benchmark::State& state, double bytes, double flops) {
  using benchmark::Counter;
  state.counters["bytes/s"] = Counter(bytes, Counter::kIsIterationInvariantRate, Counter::OneK::kIs1000);
  state.counters["flop/s"] = Counter(flops, Counter::kIsIterationInvariantRate, Counter::OneK::kIs1000);
  state.counters["threads"] = num_threads();
}

}  // namespace tl::bench
