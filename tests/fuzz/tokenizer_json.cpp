// Fuzzer of tokenizer.json: what was read encodes texts without harm, and what is saved encodes them to the same ids.
#include <functional>
#include <string>
#include <vector>

#include "encoding_checks.hpp"
#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input(data, size);
  folder().write("tokenizer.json", input.rest());
  guarded([&] {
    const Tokenizer tokenizer = Tokenizer::from_pretrained(folder().path());
    const std::vector<std::string> texts = {"", "A river,\tunable [SEP] caf\u00e9 12\u4e2d!",
                                            "[MASK] ##a \u0130 <x>  y"};
    for (const std::string& text : texts) encode_text(tokenizer, text);
    if (std::hash<std::string_view>()(input.rest()) % 8 != 0) return;  // saving takes longer than all the rest
    const auto saved = folder().path() / "saved";
    if (!guarded([&] { tokenizer.save_pretrained(saved); })) return;
    require(guarded([&] {
              const Tokenizer again = Tokenizer::from_pretrained(saved);
              guarded([&] {
                require(again.encode_ids(texts) == tokenizer.encode_ids(texts), "a saved tokenizer gives other ids");
              });
            }),
            "a tokenizer that was saved is not read");
  });
  return 0;
}
