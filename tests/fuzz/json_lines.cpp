// Fuzzer of the reader of JSON data files. The first two bytes choose options and encoding; the rest is the file.
#include <tl/data/json_lines.hpp>

#include "fuzz.hpp"
#include "table.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  JsonOptions options;
  const unsigned flags = input.byte();
  if (flags & 1) options.text_columns = {"text"};
  if (flags & 2) options.columns = {"text"};
  if (flags & 4) options.field = "data";
  const char* const encodings[] = {"utf-8", "utf-16", "latin-1", "cp1252"};
  options.encoding = encodings[input.byte() % 4];
  const auto path = folder().write("table.jsonl", input.rest());
  guarded([&] { read_table(load_jsonl(path, options)); });
  check_blocks([&](const auto& sizes) { return detail::load_jsonl_in_blocks(path, options, sizes); },
               [&] { return detail::load_jsonl_whole(path, options); });
  return 0;
}
