// Reads streams as the lines of its input say and prints the texts of their rows: the C++ side of compare_streaming.py.
// A line: the format, the number of files and their paths, then steps with their numbers.
#include <tl/data/stream_dataset.hpp>

#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::int64_t number_in(const tl::Row& row) { return std::stoll(row.get<std::string>("text").substr(1)); }

tl::IterableDataset after(const tl::IterableDataset& rows, const std::string& step, std::istringstream& line) {
  std::int64_t a = 0, b = 0, c = 0;
  if (step == "shuffle") line >> a >> b >> c;
  else if (step != "map" && step != "select" && step != "remove") line >> a;
  if (step == "shuffle") return rows.shuffle(static_cast<std::uint64_t>(a), b, c);
  if (step == "take") return rows.take(a);
  if (step == "skip") return rows.skip(a);
  if (step == "filter") return rows.filter([a](const tl::Row& row) { return number_in(row) % a != 0; });
  if (step == "map") return rows.map([](const tl::Row& row) { return tl::Example{{"copy", row.at("text")}}; });
  if (step == "select") return rows.select_columns({"text"});
  if (step == "remove") return rows.remove_columns({"n"});
  if (step == "batched")
    return rows.map_batched(
        [](const tl::Dataset& batch) {
          return tl::Columns{{"size", std::vector<std::int64_t>(static_cast<std::size_t>(batch.num_rows()), 1)}};
        },
        {.batch_size = a});
  auto moved = rows;
  moved.set_epoch(static_cast<std::uint64_t>(a));
  return moved;
}

void print_stream(const std::string& text) {
  std::istringstream line(text);
  std::string format, step, path;
  int count = 0;
  line >> format >> count;
  tl::DataFiles files;
  for (int i = 0; i < count && line >> path; ++i) files.push_back({"train", path});
  tl::IterableDataset rows = tl::stream_dataset(format, files, tl::Split("train"));
  while (line >> step) rows = after(rows, step, line);
  for (const tl::Row row : rows) std::cout << row.get<std::string>("text") << ' ';
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line); std::cout << '\n') {
    try {
      print_stream(line);
    } catch (const std::exception& error) {
      std::cout << error.what();
    }
  }
}
