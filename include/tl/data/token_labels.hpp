// From labels of words to labels of tokens. The first token of a word has the word's label and the others none, or, if
// all tokens are labelled, that of a word that goes on. Of overlapping windows of a text one alone labels each token.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/label_column.hpp>

namespace tl {

/// For each class the one that a word's further tokens have: of "B-X" it is "I-X", if there is such a class, else the
/// class itself.
inline std::vector<std::int32_t> b_to_i_labels(std::span<const std::string> names) {
  std::vector<std::int32_t> result;
  for (const std::string& name : names) {
    auto found = names.end();
    if (name.starts_with("B-")) found = std::ranges::find(names, "I-" + name.substr(2));
    const auto own = static_cast<std::int32_t>(result.size());
    result.push_back(found == names.end() ? own : static_cast<std::int32_t>(found - names.begin()));
  }
  return result;
}

/// Labels of tokens made of `labels`, one of each word. `word_ids` has the word of each token, -1 for special tokens,
/// which have no label (no_label). A word's tokens after the first have none either, or with `b_to_i` all have one: the
/// class that it gives for that of the word. Throws Error(shape) for a word that has no label, Error(invalid_argument)
/// for a label that `b_to_i` does not have.
inline std::vector<std::int32_t> align_labels_with_tokens(std::span<const std::int32_t> word_ids,
                                                          std::span<const std::int32_t> labels,
                                                          std::span<const std::int32_t> b_to_i = {}) {
  std::vector<std::int32_t> result;
  result.reserve(word_ids.size());
  std::int32_t previous = -1;
  for (const std::int32_t word : word_ids) {
    check(word < static_cast<std::int32_t>(labels.size()), ErrorCode::shape, "labels of words: expected one for word ",
          word, ", got ", labels.size());
    const std::int32_t label = word < 0 ? static_cast<std::int32_t>(no_label) : labels[static_cast<std::size_t>(word)];
    if (word == previous && label != no_label && !b_to_i.empty()) {
      check(label >= 0 && label < static_cast<std::int32_t>(b_to_i.size()), ErrorCode::invalid_argument,
            "labels of words: expected one in [0, ", b_to_i.size(), "), got ", label);
      result.push_back(b_to_i[static_cast<std::size_t>(label)]);
    } else {
      result.push_back(word == previous ? static_cast<std::int32_t>(no_label) : label);
    }
    previous = word;
  }
  return result;
}

namespace detail {

/// Where windows of a text begin and end in it, counted in tokens without the special ones; one of the text's windows
/// owns each token: it labels it, and its prediction counts. Of two that overlap the first owns the first half of what
/// they share and the second the rest, so that every token has context on both sides; the border moves to where a word
/// begins if there is such a place.
class TokenOwners {
 public:
  /// `word_ids` are those of the whole text, window i begins at begins[i] and all but the last end `stride` tokens
  /// after the next one's begin.
  TokenOwners(std::span<const std::int32_t> word_ids, std::span<const std::int64_t> begins, std::int64_t stride) {
    borders_.push_back(0);
    for (std::size_t i = 1; i < begins.size(); ++i)
      borders_.push_back(std::max(borders_.back(), border(word_ids, begins[i], begins[i] + stride)));
    borders_.push_back(static_cast<std::int64_t>(word_ids.size()));
  }

  /// Whether a window owns the token of this number in the text.
  bool owns(std::size_t window, std::int64_t token) const {
    return token >= borders_[window] && token < borders_[window + 1];
  }

 private:
  static std::int64_t border(std::span<const std::int32_t> word_ids, std::int64_t begin, std::int64_t end) {
    const auto begins_word = [&](std::int64_t token) {
      return word_ids[static_cast<std::size_t>(token)] != word_ids[static_cast<std::size_t>(token) - 1];
    };
    const std::int64_t middle = begin + (end - begin + 1) / 2;
    for (std::int64_t token = middle; token >= begin; --token)
      if (begins_word(token)) return token;
    for (std::int64_t token = middle; token <= end; ++token)
      if (begins_word(token)) return token;
    return middle;
  }

  std::vector<std::int64_t> borders_;  // window i owns [borders_[i], borders_[i + 1])
};

}  // namespace detail

}  // namespace tl
