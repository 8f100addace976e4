// The sentences for wrong arguments, and small functions on their own.
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

Tokenizer small_tokenizer() {
  return Tokenizer::from_vocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b"});
}

}  // namespace

TEST_CASE("tokenizer options: wrong arguments") {
  const Tokenizer tokenizer = small_tokenizer();
  TL_REQUIRE_ERROR(tokenizer.encode("a", {.max_length = -1}), "EncodeOptions::max_length: expected at least 0, got -1");
  TL_REQUIRE_ERROR(tokenizer.encode("a", {.stride = -2}), "EncodeOptions::stride: expected at least 0, got -2");
  TL_REQUIRE_ERROR(tokenizer.encode("a", {.max_length = 4, .stride = 3}),
                   "EncodeOptions::stride: expected at most 2 (max_length 4 without the special tokens), got 3");
  TL_REQUIRE_ERROR(tokenizer.encode("a b a", {.max_length = 4, .stride = 2}),
                   "stride: expected less than the 2 tokens that remain of this text after truncation, got 2");
  TL_REQUIRE_ERROR(tokenizer.encode("a b a", {.truncation_strategy = TruncationStrategy::only_second, .max_length = 4}),
                   "truncation strategy only_second: expected a pair of texts, got a single text");
  TL_REQUIRE_ERROR(
      tokenizer.encode_pair("a", "b b b", {.truncation_strategy = TruncationStrategy::only_first, .max_length = 5}),
      "truncation strategy only_first: expected more than 2 tokens in the first text to reach the length limit, got 1");
  TL_REQUIRE_ERROR(tokenizer.encode_batch(std::vector<std::string>{"a"}, std::vector<std::string>{}),
                   "encode_batch: expected as many second texts as the 1 first ones, got 0");
  Tokenizer other = tokenizer;
  TL_REQUIRE_ERROR(other.add_tokens({{.content = "\xff"}}), "expected valid UTF-8");
  std::vector<Encoding> batch{tokenizer.encode("a")};
  TL_REQUIRE_ERROR(tokenizer.pad(batch, {.max_length = -1}), "PaddingOptions::max_length: expected at least 0, got -1");
  TL_REQUIRE_ERROR(tokenizer.pad(batch, {.pad_to_multiple_of = 0}),
                   "PaddingOptions::pad_to_multiple_of: expected at least 1, got 0");
}

TEST_CASE("tokenizer options: bytes that are not UTF-8 are named, with the row in a batch") {
  const Tokenizer tokenizer = small_tokenizer();
  const std::string bad = "ab\xc3(";
  const std::vector<std::string> texts{"a", "b", bad};
  TL_REQUIRE_ERROR(tokenizer.encode(bad), "text: expected UTF-8, got an invalid sequence at byte 2 of 4");
  TL_REQUIRE_ERROR(tokenizer.encode_pair("a", bad), "invalid sequence at byte 2 of 4");
  TL_REQUIRE_ERROR(tokenizer.encode_batch(texts),
                   "row 2: text: expected UTF-8, got an invalid sequence at byte 2 of 4");
  TL_REQUIRE_ERROR(tokenizer.encode_batch(texts, texts), "row 2: ");
  TL_REQUIRE_ERROR(tokenizer.encode_ids(texts), "row 2: text: expected UTF-8");
  TL_REQUIRE_ERROR(tokenizer.encode_ids(texts, {.max_length = 3}), "row 2: text: expected UTF-8");
  TL_REQUIRE_ERROR(tokenizer.encode_words(texts), "word 2: expected UTF-8, got an invalid sequence at byte 2");
  TL_REQUIRE_ERROR(tokenizer.encode_words_batch(std::vector<std::vector<std::string>>{texts}),
                   "row 0: word 2: expected UTF-8");
}

TEST_CASE("tokenizer options: padding modes without a target") {
  const Tokenizer tokenizer = small_tokenizer();
  std::vector<Encoding> batch{tokenizer.encode("a"), tokenizer.encode("a b")};
  tokenizer.pad(batch, {.mode = PaddingMode::none});
  CHECK(batch[0].size() == 3);
  tokenizer.pad(batch, {.mode = PaddingMode::max_length});
  CHECK(batch[0].size() == 3);
  tokenizer.pad(batch);
  CHECK(batch[0].size() == 4);
  const Tokenizer limited =
      Tokenizer::from_vocabulary({"[PAD]", "[UNK]", "a"}, {.model_max_length = 7, .padding_side = Side::left});
  std::vector<Encoding> other{limited.encode("a")};
  limited.pad(other, {.mode = PaddingMode::max_length});
  CHECK(other[0].size() == 7);
  CHECK(other[0].attention_mask == std::vector<std::int32_t>{0, 0, 0, 0, 1, 1, 1});
  std::vector<Encoding> none;
  limited.pad(none);
  CHECK(none.empty());
}

TEST_CASE("tokenizer options: decoding cleans up on request or as the files say") {
  const Tokenizer tokenizer =
      Tokenizer::from_vocabulary({"[UNK]", "it", "'", "s", "."}, {.clean_up_tokenization_spaces = true});
  const std::vector<std::int32_t> ids{1, 2, 3, 4, 77, -5};
  CHECK(tokenizer.decode(ids) == "it's.");
  CHECK(tokenizer.decode(ids, {.clean_up_tokenization_spaces = false}) == "it ' s.");
  CHECK(tokenizer.decode(std::vector<std::int32_t>{}).empty());
}

TEST_CASE("trie: the longest key, against a map") {
  using detail::text::Trie;
  std::mt19937 random(4);
  for (int round = 0; round < 30; ++round) {
    std::map<std::string, std::int32_t> map;
    const auto word = [&](std::size_t most) {
      std::string out;
      for (std::size_t i = random() % (most + 1); i > 0; --i)
        out += static_cast<char>(round % 3 == 0 ? random() & 255 : 'a' + random() % 3);
      return out;
    };
    for (int i = 0; i < 300; ++i) map.emplace(word(6), i);
    std::vector<Trie::Key> keys;
    for (const auto& [text, value] : map) keys.push_back({text, value});
    keys.push_back({map.begin()->first, 9999});
    const Trie trie(keys);
    for (const auto& [text, value] : map) REQUIRE(trie.at(text) == value);
    for (int i = 0; i < 2000; ++i) {
      const std::string text = word(9);
      const auto found = map.find(text);
      REQUIRE(trie.at(text) == (found == map.end() ? Trie::none : found->second));
      std::size_t length = text.size();
      while (length > 0 && !map.count(text.substr(0, length))) --length;
      const auto match = trie.longest(text);
      REQUIRE(match.length == length);
      REQUIRE(match.value == (length == 0 ? Trie::none : map.at(text.substr(0, length))));
    }
  }
  CHECK(Trie().at("a") == Trie::none);
  CHECK(Trie().longest("a").value == Trie::none);
}
