// Texts that are longer than a model, in windows: the tokens of each window with special tokens around them, end to
// end, and the lengths of the windows. These are the columns that data/window_lengths.hpp describes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/text/tokenizer.hpp>

namespace tl {

/// Columns of a data set, one entry per text.
struct WindowColumns {
  std::vector<std::vector<std::int32_t>> input_ids;       ///< of all windows of a text, end to end
  std::vector<std::vector<std::int32_t>> token_type_ids;  ///< as many; empty without second texts
  std::vector<std::vector<std::int32_t>> window_lengths;  ///< tokens of each window
};

namespace detail::text {

/// Adds a text, the encoding of its first window with the others in its overflow.
inline void append_encoding(WindowColumns& columns, const Encoding& first, bool pairs) {
  auto& ids = columns.input_ids.emplace_back();
  auto& lengths = columns.window_lengths.emplace_back();
  if (pairs) columns.token_type_ids.emplace_back();
  const auto append = [&](const Encoding& window) {
    ids.insert(ids.end(), window.input_ids.begin(), window.input_ids.end());
    lengths.push_back(static_cast<std::int32_t>(window.size()));
    if (!pairs) return;
    auto& types = columns.token_type_ids.back();
    types.insert(types.end(), window.token_type_ids.begin(), window.token_type_ids.end());
  };
  append(first);
  for (const Encoding& window : first.overflowing) append(window);
}

}  // namespace detail::text

/// Texts as windows of options.max_length tokens (default: the tokenizer's model_max_length), special tokens included,
/// that overlap by options.stride; a text that fits is one window. Throws as encode_batch, Error(invalid_argument) for
/// a stride that is not below the tokens of a text in a window.
inline WindowColumns encode_windows(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                    EncodeOptions options = {}) {
  options.truncation = true;
  WindowColumns columns;
  for (const Encoding& text : tokenizer.encode_batch(texts, options))
    detail::text::append_encoding(columns, text, false);
  return columns;
}

/// The same for pairs: the windows are those of the second text, and each has the whole first one before it. Throws
/// Error(invalid_argument) for a pair that is too long and whose first text leaves no room for the second.
inline WindowColumns encode_windows(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                    std::span<const std::string> text_pairs, EncodeOptions options = {}) {
  options.truncation = true;
  options.truncation_strategy = TruncationStrategy::only_second;
  WindowColumns columns;
  for (const Encoding& pair : tokenizer.encode_batch(texts, text_pairs, options))
    detail::text::append_encoding(columns, pair, true);
  return columns;
}

}  // namespace tl
