// Times the reading of one file into a data set, for reading.py: prints seconds, processor time and peak memory of the
// first reading in the process, and what to compare with other readers: rows, the bytes of all texts, the sum of the
// squares of their lengths, their Adler-32, and the sums of the numbers, by columns.
//
//   tl_reading_time FILE          a format that the program has by its extension: .csv, .jsonl, .parquet
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include <tl/data/load_dataset.hpp>
#include <tl/train/speed_metrics.hpp>

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

rusage usage() {
  rusage now{};
  ::getrusage(RUSAGE_SELF, &now);
  return now;
}

/// RFC 1950's checksum of all texts end to end.
class Adler32 {
 public:
  void add(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.size(), at + 5552);  // so many bytes fit into 32 bits
      for (; at < end; ++at) b_ += a_ += static_cast<unsigned char>(text[at]);
      a_ %= 65521;
      b_ %= 65521;
    }
  }
  std::uint32_t value() const { return b_ << 16 | a_; }

 private:
  std::uint32_t a_ = 1, b_ = 0;
};

tl::Json summary(const tl::Dataset& rows, const std::string& column) {
  if (rows.column_type(column) == tl::ColumnType::string) {
    std::int64_t bytes = 0, squares = 0;
    Adler32 sum;
    for (const std::string& text : rows.column<std::string>(column)) {
      const auto size = static_cast<std::int64_t>(text.size());
      bytes += size;
      squares += size * size;
      sum.add(text);
    }
    return {bytes, squares, sum.value()};
  }
  if (rows.column_type(column) == tl::ColumnType::int64) {
    std::int64_t sum = 0;
    for (const std::int64_t value : rows.column<std::int64_t>(column)) sum += value;
    return sum;
  }
  double sum = 0;
  for (const double value : rows.column<double>(column)) sum += value;
  return sum;
}

void run(const char* file) {
  const rusage before = usage();
  const tl::Stopwatch watch;
  const tl::Dataset rows = tl::load_dataset(file, tl::Split("train"));
  const double seconds = watch.seconds();
  const rusage after = usage();
  tl::Json result = {{"seconds", seconds},
                     {"user", seconds_of(after.ru_utime) - seconds_of(before.ru_utime)},
                     {"system", seconds_of(after.ru_stime) - seconds_of(before.ru_stime)},
                     {"peak", after.ru_maxrss * 1024},
                     {"rows", rows.num_rows()}};
  for (const std::string& column : rows.column_names()) result["columns"][column] = summary(rows, column);
  std::cout << tl::dump_json(result, {.indent = -1, .sort_keys = false}) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tl_reading_time FILE\n");
    return 2;
  }
  try {
    run(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tl_reading_time: %s\n", error.what());
    return 1;
  }
}
