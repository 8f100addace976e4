// UTF-8 and the character classes of the reference tokenizer. Texts are checked once by find_invalid_utf8; everything
// after that decodes without checks. Classes come from a two-level table that is expanded from the generated tables on
// first use (about 0.1 ms), so the headers stay small and a lookup is two loads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/text/decomposition_tables.hpp>
#include <tl/text/unicode_tables.hpp>

namespace tl::detail::text {

/// Bits of a code point's classes; 0 for the characters that nothing happens to.
enum CharClass : std::uint16_t {
  char_deleted = 1,       ///< removed by clean_text
  char_blank = 2,         ///< becomes U+0020 by clean_text
  char_cjk = 4,           ///< gets blanks on both sides
  char_separator = 8,     ///< white space
  char_punctuation = 16,  ///< a word of its own
  char_dropped = 32,      ///< removed by strip_accents
  char_decomposed = 64,   ///< replaced by strip_accents, and not removed
  char_reordering = 128,  ///< survives strip_accents and may change places with its neighbours
  char_lowered = 256,     ///< replaced by lowercase
  char_word = 512,        ///< a word character
  char_mark = 1024,       ///< removed by StripAccents
  char_numeric = 2048,    ///< a digit or another number
  char_canonical = 4096,  ///< has a canonical decomposition
  char_compatible = 8192,  ///< has a compatibility decomposition that is not canonical
  char_second = 16384,    ///< may be the second part of a composition
};

/// The classes of every code point.
class CharTable {
 public:
  static const CharTable& instance() {
    static const CharTable& table = *new CharTable;  // never destroyed: tokenizers may be used at exit
    return table;
  }

  /// The CharClass bits of a valid code point.
  std::uint16_t operator[](char32_t c) const { return cells_[pages_[c >> 8] + (c & 255)]; }

 private:
  CharTable() : pages_(0x1100, 0), cells_(256, 0) {
    add(deleted_ranges, char_deleted);
    add(blank_ranges, char_blank);
    add(cjk_ranges, char_cjk);
    add(separator_ranges, char_separator);
    add(punctuation_ranges, char_punctuation);
    add(dropped_ranges, char_dropped);
    add(word_ranges, char_word);
    add(reordering_ranges, char_reordering);
    for (const auto& run : lower_runs) mark(run.first, run.last, static_cast<char32_t>(run.step), char_lowered);
    mark(0x130, 0x130, 1, char_lowered);
    add(mark_ranges, char_mark);
    add(numeric_ranges, char_numeric);
    add_decompositions();
  }

  void add_decompositions() {
    for (const auto& step : canonical_steps) {
      mark(step.from, step.from, 1, char_canonical);
      if (!((*this)[step.from] & char_dropped)) mark(step.from, step.from, 1, char_decomposed);
      if (step.second != 0) mark(step.second, step.second, 1, char_second);
    }
    mark(0xAC00, 0xD7A3, 1, static_cast<CharClass>(char_canonical | char_decomposed));
    mark(0x1161, 0x1175, 1, char_second);  // Hangul vowels
    mark(0x11A8, 0x11C2, 1, char_second);  // and the consonants behind them
    for (const auto& run : compatibility_runs)
      mark(run.first, run.last, static_cast<char32_t>(run.step), char_compatible);
    for (std::size_t i = 0; i < std::size(compatibility_texts); i += 1 + (compatibility_texts[i] >> 24))
      mark(compatibility_texts[i] & 0xFFFFFF, compatibility_texts[i] & 0xFFFFFF, 1, char_compatible);
  }

  void add(std::span<const CodePointRange> ranges, CharClass bit) {
    for (const auto& range : ranges) mark(range.first, range.last, 1, bit);
  }

  [[gnu::noinline]] void mark(char32_t first, char32_t last, char32_t step, CharClass bit) {
    for (char32_t c = first; c <= last; c += step) {
      auto& page = pages_[c >> 8];
      if (page == 0) {
        page = static_cast<std::uint32_t>(cells_.size());
        cells_.resize(cells_.size() + 256, 0);
      }
      cells_[page + (c & 255)] |= bit;
    }
  }

  std::vector<std::uint32_t> pages_;
  std::vector<std::uint16_t> cells_;
};

/// Whether the first `size` bytes are all below 0x80.
inline bool is_ascii(const char* text, std::size_t size) {
  std::uint64_t seen = 0;
  for (; size >= 8; text += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, text, 8);
    seen |= word;
  }
  for (; size > 0; ++text, --size) seen |= static_cast<unsigned char>(*text);
  return (seen & 0x8080808080808080u) == 0;
}

/// The byte offset of the first malformed UTF-8 sequence (overlong forms, surrogates and values above U+10FFFF
/// included), or npos.
inline std::size_t find_invalid_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto continues = [&](std::size_t at) { return at < text.size() && (bytes[at] & 0xC0) == 0x80; };
  for (std::size_t i = 0; i < text.size();) {
    if (i + 8 <= text.size() && is_ascii(text.data() + i, 8)) {
      i += 8;
      continue;
    }
    const unsigned lead = bytes[i];
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      if (!continues(i + 1)) return i;
      i += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      if (!continues(i + 1) || !continues(i + 2)) return i;
      if ((lead == 0xE0 && bytes[i + 1] < 0xA0) || (lead == 0xED && bytes[i + 1] > 0x9F)) return i;
      i += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      if (!continues(i + 1) || !continues(i + 2) || !continues(i + 3)) return i;
      if ((lead == 0xF0 && bytes[i + 1] < 0x90) || (lead == 0xF4 && bytes[i + 1] > 0x8F)) return i;
      i += 4;
    } else {
      return i;
    }
  }
  return std::string_view::npos;
}

/// The code point that starts at text[at] (valid UTF-8); moves `at` behind it.
inline char32_t decode_utf8(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const char32_t lead = byte(at);
  if (lead < 0x80) {
    at += 1;
    return lead;
  }
  if (lead < 0xE0) {
    const char32_t c = (lead & 0x1F) << 6 | (byte(at + 1) & 0x3F);
    at += 2;
    return c;
  }
  if (lead < 0xF0) {
    const char32_t c = (lead & 0x0F) << 12 | (byte(at + 1) & 0x3F) << 6 | (byte(at + 2) & 0x3F);
    at += 3;
    return c;
  }
  const char32_t c =
      (lead & 0x07) << 18 | (byte(at + 1) & 0x3F) << 12 | (byte(at + 2) & 0x3F) << 6 | (byte(at + 3) & 0x3F);
  at += 4;
  return c;
}

/// The byte offset where the code point before text[at] starts (valid UTF-8, at > 0).
inline std::size_t previous_utf8(std::string_view text, std::size_t at) {
  do --at;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

inline void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
            static_cast<char>(0x80 | (c & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
            static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
  }
}

/// Number of code points in valid UTF-8.
inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return count;
}

/// The element of a sorted table whose key (first or from) is the largest not above `c`, or nullptr.
template <class Item, class Key> const Item* find_floor(std::span<const Item> table, char32_t c, Key key) {
  std::size_t begin = 0, end = table.size();  // the first item behind is between them
  while (begin < end) {
    const std::size_t middle = (begin + end) / 2;
    if (table[middle].*key <= c) begin = middle + 1;
    else end = middle;
  }
  return begin == 0 ? nullptr : &table[begin - 1];
}

/// Lower case of one code point (U+0130, which becomes two, excepted).
inline char32_t lower_case(char32_t c) {
  const auto* run = find_floor(std::span<const LowerRun>(lower_runs), c, &LowerRun::first);
  if (!run || c > run->last || (c - run->first) % static_cast<char32_t>(run->step) != 0) return c;
  return static_cast<char32_t>(static_cast<std::int64_t>(c) + run->distance);
}

/// The canonical combining class, 0 for all that end a run of marks.
inline int combining_class(char32_t c) {
  const auto* range = find_floor(std::span<const CombiningRange>(combining_ranges), c, &CombiningRange::first);
  return range && c <= range->last ? range->combining_class : 0;
}

}  // namespace tl::detail::text
