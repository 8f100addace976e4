// Fuzzer of training arguments given as text: lines "name=value". What a field takes is written as JSON and, given as
// text again, is the same; arguments that pass the checks resolve to arguments that pass them.
#include <string>

#include <tl/train/argument_fields.hpp>
#include <tl/train/training_arguments.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

namespace {

void set(TrainingArguments& arguments, std::string_view line) {
  const std::size_t equals = std::min(line.find('='), line.size());
  const ArgumentField& field = argument_field(line.substr(0, equals));
  field.set(arguments, line.substr(std::min(equals + 1, line.size())));
  const Json value = field.get(arguments);
  const std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
  TrainingArguments again;
  if (value.is_number() && (text == "NaN" || text.ends_with("Infinity"))) return;
  require(guarded([&] { field.set(again, text); }), "a field does not take what it gave");
  require(dump_json(field.get(again)) == dump_json(value), "a field changes on its way through text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = Input(data, size).rest();
  TrainingArguments arguments;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    guarded([&] { set(arguments, rest.substr(0, end)); });
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!guarded([&] { arguments.validate(); })) return 0;
  require(arguments.problems().empty(), "arguments that pass have problems");
  require(guarded([&] { arguments.resolved().validate(); }), "resolved arguments do not pass");
  guarded([&] { dump_json(to_json(arguments)); });
  return 0;
}
