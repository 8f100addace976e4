// What the fuzzers of tokenizers share: relations that hold for every encoding of every tokenizer.
#pragma once

#include <string_view>
#include <vector>

#include <tl/text/tokenizer.hpp>

#include "fuzz.hpp"

namespace tl::fuzz {

/// The number of code points of a text that is UTF-8.
inline std::int32_t code_points(std::string_view text) {
  std::int32_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// All lists have one length, ids are those of tokens, and offsets are within the text.
inline void check_encoding(const Tokenizer& tokenizer, const Encoding& encoding, std::string_view text) {
  const std::size_t n = encoding.size();
  require(encoding.token_type_ids.size() == n && encoding.attention_mask.size() == n &&
              encoding.special_tokens_mask.size() == n && encoding.tokens.size() == n && encoding.offsets.size() == n &&
              encoding.word_ids.size() == n && encoding.sequence_ids.size() == n,
          "lists of an encoding differ in length");
  const std::int32_t end = code_points(text);
  for (std::size_t i = 0; i < n; ++i) {
    const auto [from, to] = encoding.offsets[i];
    require(0 <= from && from <= to && to <= end, "an offset outside the text");
    require(encoding.word_ids[i] >= -1, "a word below -1");
  }
  for (const Encoding& window : encoding.overflowing) check_encoding(tokenizer, window, text);
}

/// Encodes a text in several ways that must agree.
inline void encode_text(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options = {}) {
  guarded([&] {
    const Encoding encoding = tokenizer.encode(text, options);
    check_encoding(tokenizer, encoding, text);
    const std::vector<std::string> texts{std::string(text)};
    require(tokenizer.encode_ids(texts, options)[0] == encoding.input_ids, "encode_ids gives other ids than encode");
    tokenizer.decode(encoding.input_ids);
    tokenizer.decode(encoding.input_ids, {.skip_special_tokens = true});
  });
}

}  // namespace tl::fuzz
