// Splits a normalised text into words: white space separates and disappears, every punctuation character is a word of
// its own.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <tl/text/unicode.hpp>

namespace tl {

class PreTokenizer {
 public:
  PreTokenizer() : classes_(&detail::text::CharTable::instance()) {
    for (unsigned c = 0; c < 128; ++c) {
      const auto flags = (*classes_)[c];
      ascii_[c] = flags & detail::text::char_separator     ? Kind::separator
                  : flags & detail::text::char_punctuation ? Kind::punctuation
                                                           : Kind::word;
    }
  }

  /// Calls word(begin, end) with byte ranges of `text` (valid UTF-8), from left to right. Stops when it returns false.
  template <class Word> void split(std::string_view text, Word&& word) const {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t here = at;
      const auto byte = static_cast<unsigned char>(text[at]);
      const Kind kind = byte < 128 ? (++at, ascii_[byte]) : kind_of(detail::text::decode_utf8(text, at));
      if (kind == Kind::word) continue;
      if (begin < here && !word(begin, here)) return;
      if (kind == Kind::punctuation && !word(here, at)) return;
      begin = at;
    }
    if (begin < text.size()) word(begin, text.size());
  }

 private:
  enum class Kind : unsigned char { word, separator, punctuation };

  Kind kind_of(char32_t c) const {
    const auto flags = (*classes_)[c];
    if (flags & detail::text::char_separator) return Kind::separator;
    return flags & detail::text::char_punctuation ? Kind::punctuation : Kind::word;
  }

  const detail::text::CharTable* classes_;
  std::array<Kind, 128> ascii_{};
};

}  // namespace tl
