// Padding: brings encodings of a batch to one length.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/text/encoding.hpp>
#include <tl/text/truncation.hpp>

namespace tl {

/// To which length encodings are padded.
enum class PaddingMode { none, longest, max_length };

/// How Tokenizer::pad fills up encodings.
struct PaddingOptions {
  PaddingMode mode = PaddingMode::longest;
  std::optional<int> max_length{};          ///< for mode max_length; nothing: the tokenizer's model_max_length
  std::optional<int> pad_to_multiple_of{};  ///< rounds the target length up
  std::optional<Side> side{};               ///< nothing: the tokenizer's padding_side

  /// Throws invalid_argument if a field is outside its range.
  void validate() const {
    const int length = max_length.value_or(0), multiple = pad_to_multiple_of.value_or(1);
    check(length >= 0, ErrorCode::invalid_argument, "PaddingOptions::max_length: expected at least 0, got ", length);
    check(multiple >= 1, ErrorCode::invalid_argument, "PaddingOptions::pad_to_multiple_of: expected at least 1, got ",
          multiple);
  }
};

namespace detail::text {

/// Fills one encoding and its overflow up to `length`; longer ones stay as they are.
inline void pad_encoding(Encoding& encoding, std::size_t length, Side side, std::int32_t pad_id,
                         const std::string& pad_token) {
  for (Encoding& window : encoding.overflowing) pad_encoding(window, length, side, pad_id, pad_token);
  if (encoding.size() >= length) return;
  const std::size_t missing = length - encoding.size();
  const auto fill = [&](auto& list, const auto& value) {
    list.insert(side == Side::right ? list.end() : list.begin(), missing, value);
  };
  fill(encoding.input_ids, pad_id);
  fill(encoding.token_type_ids, 0);
  fill(encoding.attention_mask, 0);
  fill(encoding.special_tokens_mask, 1);
  fill(encoding.tokens, pad_token);
  fill(encoding.offsets, std::pair<std::int32_t, std::int32_t>(0, 0));
  fill(encoding.word_ids, -1);
  fill(encoding.sequence_ids, -1);
}

/// Pads a batch; `model_max_length` (nothing if unknown) is the default target of mode max_length, and without either
/// nothing is padded.
inline void pad_batch(std::vector<Encoding>& batch, const PaddingOptions& options,
                      std::optional<std::int64_t> model_max_length, Side default_side, std::int32_t pad_id,
                      const std::string& pad_token) {
  options.validate();
  const Side side = options.side.value_or(default_side);
  std::int64_t target = 0;
  if (options.mode == PaddingMode::none) return;
  if (options.mode == PaddingMode::longest) {
    for (const Encoding& encoding : batch) target = std::max(target, static_cast<std::int64_t>(encoding.size()));
  } else if (options.max_length) {
    target = *options.max_length;
  } else if (model_max_length) {
    target = *model_max_length;
  } else {
    return;
  }
  const std::int64_t multiple = options.pad_to_multiple_of.value_or(1);
  target = (target + multiple - 1) / multiple * multiple;
  for (Encoding& encoding : batch) pad_encoding(encoding, static_cast<std::size_t>(target), side, pad_id, pad_token);
}

}  // namespace detail::text
}  // namespace tl
