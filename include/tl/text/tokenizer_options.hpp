// The options of the tokenizer: how it is loaded, how a text is encoded, how ids are decoded. Every field has the
// default of the reference; an empty optional means "as the files of the tokenizer say".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/core/error.hpp>
#include <tl/hub/options.hpp>
#include <tl/text/truncation.hpp>

namespace tl {

/// Values that win over the files in Tokenizer::from_pretrained.
struct TokenizerOptions {
  std::optional<bool> do_lower_case{};
  std::optional<bool> strip_accents{};  ///< nothing in the files either: as do_lower_case
  std::optional<bool> tokenize_chinese_chars{};
  std::optional<std::int64_t> model_max_length{};  ///< tokens a model can take, special tokens included
  std::optional<std::string> unk_token{}, sep_token{}, pad_token{}, cls_token{}, mask_token{};
  std::optional<Side> padding_side{};
  std::optional<Side> truncation_side{};
  std::optional<bool> clean_up_tokenization_spaces{};
  std::optional<bool> split_special_tokens{};
  hub::Options hub{};  ///< of a tokenizer that is given by its name: revision, cache_dir, token

  /// Throws invalid_argument if a field is outside its range.
  void validate() const {
    check(!model_max_length || *model_max_length >= 1, ErrorCode::invalid_argument,
          "TokenizerOptions::model_max_length: expected at least 1, got ", model_max_length.value_or(0));
  }
};

/// How a text is encoded.
struct EncodeOptions {
  bool add_special_tokens = true;
  /// true: truncate to max_length; false: never; nothing: truncate if max_length is given.
  std::optional<bool> truncation{};
  TruncationStrategy truncation_strategy = TruncationStrategy::longest_first;
  /// Tokens that remain, special tokens included; nothing: the tokenizer's model_max_length (if that is unknown,
  /// nothing is truncated). A value below the number of special tokens truncates nothing, as in the reference.
  std::optional<int> max_length{};
  int stride = 0;  ///< tokens by which the windows of Encoding::overflowing overlap
  std::optional<Side> truncation_side{};
  std::optional<bool> split_special_tokens{};  ///< treat "[SEP]" and the like in a text as ordinary characters

  /// Throws invalid_argument if a field is outside its range.
  void validate() const {
    check(!max_length || *max_length >= 0, ErrorCode::invalid_argument,
          "EncodeOptions::max_length: expected at least 0, got ", max_length.value_or(0));
    check(stride >= 0, ErrorCode::invalid_argument, "EncodeOptions::stride: expected at least 0, got ", stride);
  }
};

/// How ids become a text.
struct DecodeOptions {
  bool skip_special_tokens = false;
  std::optional<bool> clean_up_tokenization_spaces{};
};

}  // namespace tl
