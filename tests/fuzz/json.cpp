// Fuzzer of the JSON reader: what was read is written and read again as the same value, in every style.
#include <cmath>

#include <tl/io/json.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

namespace {

bool has_nan(const Json& value) {
  if (value.is_array()) {
    for (const Json& element : value)
      if (has_nan(element)) return true;
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      if (has_nan(member)) return true;
  }
  return value.is_number() && std::isnan(value.get<double>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input(data, size);
  guarded([&] {
    const Json value = parse_json(input.rest(), "input");
    const bool comparable = !has_nan(value);
    for (const int indent : {-1, 0, 2}) {
      const std::string text = dump_json(value, {.indent = indent, .sort_keys = false});
      Json again;
      require(guarded([&] { again = parse_json(text, "own output"); }), "JSON that was written is not read");
      require(!comparable || again == value, "JSON that was written is read as another value");
      require(dump_json(again, {.indent = indent, .sort_keys = false}) == text, "JSON is written in two ways");
    }
    require(guarded([&] { parse_json(dump_json(value), "sorted"); }), "JSON with sorted keys is not read");
  });
  return 0;
}
