// Fuzzer of config.json and of changes to it from text. The parts of the input: the file, and changes as
// "name=value,name=value". What was read is written and read again as the same configuration.
#include <tl/io/json.hpp>
#include <tl/models/distilbert_config.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string_view file = input.part();
  const std::string_view changes = input.part();
  folder().write("config.json", file);
  guarded([&] {
    DistilBertConfig config = DistilBertConfig::from_pretrained(folder().path());
    if (!changes.empty()) config.update_from_string(changes);
    config.validate();
    guarded([&] { config.activation_function(); });
    const std::string text = dump_json(config.to_json("DistilBertForSequenceClassification"));
    require(guarded([&] {
              const auto again = DistilBertConfig::from_json(parse_json(text, "own output"), "own output");
              require(again.id2label == config.id2label, "label names change when they are written");
              require(dump_json(again.to_json("DistilBertForSequenceClassification")) == text,
                      "a configuration changes when it is written");
            }),
            "a configuration that was written is not read");
  });
  return 0;
}
