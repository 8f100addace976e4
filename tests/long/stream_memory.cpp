// Reads a stream to its end and prints its rows, the time and the most memory that was in use: see stream_memory.sh.
#include <tl/data/stream_dataset.hpp>

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::int64_t buffer = std::atoll(argv[3]);
  const auto begin = std::chrono::steady_clock::now();
  tl::IterableDataset rows = tl::stream_dataset(argv[1], tl::DataFiles{{"train", argv[2]}}, tl::Split("train"));
  if (buffer > 0) rows = rows.shuffle(42, buffer);
  std::int64_t count = 0, sum = 0;
  for (const tl::Row row : rows) {
    ++count;
    sum += row.get<std::int64_t>("label") + static_cast<std::int64_t>(row.get<std::string>("text").size());
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << argv[1] << ", buffer of " << buffer << ": " << count << " rows, sum " << sum << ", " << seconds.count()
            << " s, " << usage.ru_maxrss / 1024 << " MiB\n";
  return usage.ru_maxrss / 1024 < 100 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
