// Fuzzer of the CSV reader. The first three bytes choose delimiter, options and encoding; the rest is the file.
#include <tl/data/csv.hpp>

#include "fuzz.hpp"
#include "table.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  CsvOptions options;
  options.delimiter = "\0,\t;| x\n"[input.byte() % 8];
  const unsigned flags = input.byte();
  options.has_header = (flags & 1) == 0;
  if (flags & 2) options.text_columns = {"text"};
  if (flags & 4) options.columns = {"text"};
  if (flags & 8) options.column_names = {"text", "label"};
  options.quoting = flags & 16 ? Quoting::none : flags & 32 ? Quoting::minimal : Quoting::automatic;
  const char* const encodings[] = {"utf-8", "utf-16", "latin-1", "cp1252"};
  options.encoding = encodings[input.byte() % 4];
  const auto path = folder().write(flags & 64 ? "table.tsv" : "table.csv", input.rest());
  guarded([&] { read_table(load_csv(path, options)); });
  check_blocks([&](const auto& sizes) { return detail::load_csv_in_blocks(path, options, sizes); },
               [&] { return detail::load_csv_whole(path, options); });
  return 0;
}
