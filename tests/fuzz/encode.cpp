// Fuzzer of encoding: any bytes by any small tokenizer. The first byte chooses options of the tokenizer, the second
// those of the call; the parts: pieces (one per line), added tokens (one per line), the text.
#include <string>
#include <vector>

#include "encoding_checks.hpp"
#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

namespace {

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

TokenizerOptions tokenizer_options(unsigned flags) {
  TokenizerOptions options;
  if (flags & 1) options.do_lower_case = false;
  if (flags & 2) options.strip_accents = (flags & 4) != 0;
  if (flags & 8) options.tokenize_chinese_chars = false;
  if (flags & 16) options.model_max_length = 8;
  return options;
}

EncodeOptions call_options(unsigned flags) {
  EncodeOptions options;
  if (flags & 1) options.truncation = true;
  if (flags & 2) options.max_length = flags >> 4;
  if (flags & 4) options.stride = 1;
  if (flags & 8) options.add_special_tokens = false;
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const TokenizerOptions options = tokenizer_options(input.byte());
  const EncodeOptions call = call_options(input.byte());
  std::vector<std::string> pieces = lines(input.part());
  std::vector<AddedToken> added;
  for (std::string& token : lines(input.part())) {
    AddedToken one;
    one.content = std::move(token);
    const unsigned flags = one.content.empty() ? 0 : static_cast<unsigned char>(one.content[0]);
    one.lstrip = flags & 1;
    one.rstrip = flags & 2;
    one.single_word = flags & 4;
    one.normalized = flags & 8;
    added.push_back(one);
  }
  const std::string_view text = input.rest();
  guarded([&] {
    Tokenizer tokenizer = Tokenizer::from_vocabulary(std::move(pieces), options);
    if (!added.empty()) tokenizer.add_tokens(added);
    encode_text(tokenizer, text, call);
    guarded([&] {
      for (const std::int32_t id : tokenizer.encode(text, call).input_ids)
        require(id >= 0 && id < tokenizer.vocab_size(), "an id outside the vocabulary");
    });
    guarded([&] { (void)tokenizer.encode_pair(text, text.substr(0, text.size() / 2), call); });
    const std::vector<std::string> words = lines(text);
    guarded([&] { (void)tokenizer.encode_words(words, call); });
  });
  return 0;
}
