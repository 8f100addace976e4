// Fuzzer of the files beside tokenizer.json. The parts of the input, each no file if empty: vocab.txt,
// tokenizer_config.json, special_tokens_map.json, added_tokens.json, config.json.
#include <string>

#include "encoding_checks.hpp"
#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  for (const char* name :
       {"vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"})
    folder().write_or_remove(name, input.part());
  guarded([&] {
    const Tokenizer tokenizer = Tokenizer::from_pretrained(folder().path());
    encode_text(tokenizer, "A river [SEP] caf\u00e9 <x>", {.truncation = true});
  });
  return 0;
}
