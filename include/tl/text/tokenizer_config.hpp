// What a tokenizer is, apart from its code: the content of tokenizer.json and of the small configuration files, as one
// value. tokenizer_files.hpp makes it from a folder, tokenizer_writer.hpp writes it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/text/added_tokens.hpp>
#include <tl/text/decoder.hpp>
#include <tl/text/encoding.hpp>
#include <tl/text/normalizer.hpp>
#include <tl/text/pre_tokenizer.hpp>
#include <tl/text/truncation.hpp>
#include <tl/text/word_piece.hpp>

namespace tl::detail::text {

/// The roles of special tokens, in the order in which missing ones get ids.
enum class SpecialRole { unk, sep, pad, cls, mask };
inline constexpr std::array<std::string_view, 5> special_keys{"unk_token", "sep_token", "pad_token", "cls_token",
                                                              "mask_token"};

inline constexpr std::array<const char*, 5> special_defaults{"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"};

inline bool contains(const std::vector<std::string>& list, const std::string& text) {
  for (const std::string& item : list)
    if (item == text) return true;
  return false;
}

struct TokenizerConfig {
  std::vector<std::string> special;  ///< by SpecialRole; empty: a generic class was told of none
  std::vector<std::pair<std::string, std::string>> generation_tokens;  ///< bos_token and eos_token, if there are any
  std::vector<std::string> model_tokens;                               ///< named by keys that only some models have
  std::vector<std::string> additional_special_tokens;
  std::vector<std::string> written_as_object;  ///< special tokens that special_tokens_map.json spells with their flags
  std::optional<std::int64_t> model_max_length;
  Side padding_side = Side::right;
  Side truncation_side = Side::right;
  bool clean_up_tokenization_spaces = false;
  bool split_special_tokens = false;
  std::string tokenizer_class = "DistilBertTokenizer";
  bool bert_rules = true;         ///< the class is one of Bert's, not a generic one
  Json as_read = Json::object();  ///< tokenizer_config.json; unknown keys go back into the file
};

struct TokenizerData {
  std::shared_ptr<const WordPiece> model;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  AddedVocabulary added;
  PostProcessor post_processor;
  Decoder decoder;
  TokenizerConfig config;

  /// Throws state if there is no such token, which cannot happen to the five special ones.
  std::int32_t id_of(std::string_view token) const {
    if (const auto id = added.token_to_id(token)) return *id;
    const auto id = model->token_to_id(token);
    check(id.has_value(), ErrorCode::state, "tokenizer: the token \"", token, "\" is not in the vocabulary");
    return *id;
  }

  /// One more than the highest id, added tokens included.
  std::int64_t vocab_size() const { return std::max<std::int64_t>(added.next_id(*model), model->id_limit()); }

  const std::string& special_token(SpecialRole role) const { return config.special[static_cast<std::size_t>(role)]; }
};

}  // namespace tl::detail::text
