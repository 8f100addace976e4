// What a batch costs: collated on the spot, and taken from a loader that prepared it during the pause before.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <tl/data/batch_loader.hpp>

namespace {

/// `rows` rows of `length` tokens.
tl::Dataset rows_of(std::int64_t rows, std::int64_t length) {
  std::vector<std::vector<std::int32_t>> ids(static_cast<std::size_t>(rows));
  for (auto& row : ids) row.assign(static_cast<std::size_t>(length), 7);
  return tl::Dataset::from_columns(
      {{"input_ids", std::move(ids)}, {"label", std::vector<std::int64_t>(static_cast<std::size_t>(rows), 1)}});
}

void collate_now(benchmark::State& state) {
  const std::int64_t rows = state.range(0);
  const tl::PackedCollator collate(rows_of(rows, state.range(1)));
  const tl::BatchSampler batches(tl::sequential_order(rows), rows);
  for (auto _ : state) benchmark::DoNotOptimize(collate(batches[0]));
}
BENCHMARK(collate_now)->ArgNames({"rows", "tokens"})->Args({16, 27})->Args({64, 256})->Unit(benchmark::kMicrosecond);

/// Only next() counts; between two calls there is a pause in which the loader's thread has time for the next batch, as
/// it has during a step.
void next_of_loader(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const std::int64_t rows = state.range(0), epoch = 200;
  const tl::PackedCollator collate(rows_of(rows * epoch, state.range(1)));
  const tl::BatchSampler batches(tl::sequential_order(rows * epoch), rows);
  while (state.KeepRunningBatch(epoch)) {
    tl::BatchLoader loader(batches, collate);
    double seconds = 0.0;
    for (std::int64_t i = 0; i < epoch; ++i) {
      const auto begin = Clock::now();
      benchmark::DoNotOptimize(loader.next());
      const auto end = Clock::now();
      seconds += std::chrono::duration<double>(end - begin).count();
      while (Clock::now() - end < std::chrono::microseconds(200)) {
      }
    }
    state.SetIterationTime(seconds);
  }
}
BENCHMARK(next_of_loader)
    ->ArgNames({"rows", "tokens"})
    ->Args({16, 27})
    ->Args({64, 256})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
