// Runs one recorded case (a JSON object with a text, options and the reference's answer) against a tokenizer. The
// shared collection and the project's own cases use the same form; field k says what kind of call a case is.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"

namespace tl::test {

using nlohmann::json;

inline json offsets_of(const Encoding& encoding) {
  json out = json::array();
  for (const auto& [begin, end] : encoding.offsets) out.push_back({begin, end});
  return out;
}

/// -1 as null, the way the reference writes "none".
inline json with_nulls(const std::vector<std::int32_t>& values) {
  json out = json::array();
  for (const auto value : values) out.push_back(value < 0 ? json(nullptr) : json(value));
  return out;
}

/// Compares every column the case has an answer for.
inline void check_encoding(const json& expected, const Encoding& got) {
  CHECK(got.input_ids == expected.at("ids").get<std::vector<std::int32_t>>());
  if (expected.contains("tokens")) CHECK(got.tokens == expected["tokens"].get<std::vector<std::string>>());
  if (expected.contains("offsets")) CHECK(offsets_of(got) == expected["offsets"]);
  if (expected.contains("word_ids")) CHECK(with_nulls(got.word_ids) == expected["word_ids"]);
  if (expected.contains("sequence_ids")) CHECK(with_nulls(got.sequence_ids) == expected["sequence_ids"]);
  if (expected.contains("type_ids")) CHECK(got.token_type_ids == expected["type_ids"].get<std::vector<std::int32_t>>());
  if (expected.contains("attention_mask"))
    CHECK(got.attention_mask == expected["attention_mask"].get<std::vector<std::int32_t>>());
  if (expected.contains("special_tokens_mask"))
    CHECK(got.special_tokens_mask == expected["special_tokens_mask"].get<std::vector<std::int32_t>>());
}

inline TruncationStrategy strategy_of(const std::string& name) {
  if (name == "only_first") return TruncationStrategy::only_first;
  return name == "only_second" ? TruncationStrategy::only_second : TruncationStrategy::longest_first;
}

inline std::vector<AddedToken> added_of(const json& list) {
  std::vector<AddedToken> out;
  for (const json& item : list) {
    AddedToken token{.content = item.at("content").get<std::string>()};
    token.single_word = item.value("single_word", false);
    token.lstrip = item.value("lstrip", false);
    token.rstrip = item.value("rstrip", false);
    token.special = item.value("special", false);
    if (item.contains("normalized")) token.normalized = item["normalized"].get<bool>();
    out.push_back(token);
  }
  return out;
}

inline void check_truncation(const json& expected, const Tokenizer& tokenizer) {
  EncodeOptions options{.add_special_tokens = expected.at("add_special_tokens").get<bool>(),
                        .truncation = true,
                        .truncation_strategy = strategy_of(expected.at("strategy")),
                        .max_length = expected.at("max_length").get<int>(),
                        .stride = expected.at("stride").get<int>(),
                        .truncation_side = expected.at("side") == "left" ? Side::left : Side::right};
  const std::string text = expected.at("text");
  const auto call = [&] {
    return expected.at("text_pair").is_null()
               ? tokenizer.encode(text, options)
               : tokenizer.encode_pair(text, expected["text_pair"].get<std::string>(), options);
  };
  if (expected.contains("error")) {
    const std::map<std::string, std::string> parts{{"settings", "EncodeOptions::stride: expected at most"},
                                                   {"stride", "stride: expected less than"},
                                                   {"short", "tokens in the"},
                                                   {"second", "expected a pair of texts"}};
    TL_REQUIRE_ERROR(call(), parts.at(expected["error"].get<std::string>()));
    return;
  }
  const Encoding main = call();
  std::vector<const Encoding*> windows{&main};
  for (const Encoding& window : main.overflowing) windows.push_back(&window);
  REQUIRE(windows.size() == expected.at("windows").size());
  for (std::size_t i = 0; i < windows.size(); ++i) {
    CHECK(windows[i]->input_ids == expected["windows"][i].get<std::vector<std::int32_t>>());
    CHECK(offsets_of(*windows[i]) == expected.at("offsets")[i]);
  }
  if (expected["text_pair"].is_null()) CHECK(tokenizer.encode_ids(std::vector{text}, options)[0] == main.input_ids);
}

/// Runs one case; `find` gives the tokenizer for the case's field vocab.
inline void check_case(const json& expected, const std::function<const Tokenizer&(const std::string&)>& find) {
  INFO(expected.dump());
  const std::string kind = expected.at("k");
  Tokenizer tokenizer = find(expected.at("vocab"));
  EncodeOptions options{.add_special_tokens = expected.value("add_special_tokens", true)};
  if (kind == "trunc") return check_truncation(expected, tokenizer);
  if (kind == "decode") {
    const auto ids = expected.at("ids").get<std::vector<std::int32_t>>();
    CHECK(tokenizer.decode(ids, {.clean_up_tokenization_spaces = false}) == expected.at("text"));
    CHECK(tokenizer.decode(ids, {.skip_special_tokens = true, .clean_up_tokenization_spaces = false}) ==
          expected.at("text_skip"));
    if (expected.contains("text_clean"))
      CHECK(tokenizer.decode(ids, {.clean_up_tokenization_spaces = true}) == expected["text_clean"]);
    return;
  }
  if (kind == "words")
    return check_encoding(expected,
                          tokenizer.encode_words(expected.at("words").get<std::vector<std::string>>(), options));
  const std::string text = expected.at("text");
  if (kind == "pair")
    return check_encoding(expected, tokenizer.encode_pair(text, expected.at("text_pair").get<std::string>(), options));
  if (kind == "added") tokenizer.add_tokens(added_of(expected.at("added")));
  if (kind == "split_special") options.split_special_tokens = true;
  check_encoding(expected, tokenizer.encode(text, options));
  CHECK(tokenizer.encode_ids(std::vector{text}, options)[0] == expected.at("ids").get<std::vector<std::int32_t>>());
}

}  // namespace tl::test
