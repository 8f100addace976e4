// The character classes of the reference tokenizer. Texts are checked once by find_invalid_utf8; everything after that
// decodes without checks. Classes come from a two-level table that is expanded from the generated tables on
// first use (about 0.1 ms), so the headers stay small and a lookup is two loads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include <tl/text/decomposition_tables.hpp>
#include <tl/text/unicode_tables.hpp>

namespace tl::detail::text {

/// Bits of a code point's classes; 0 for the characters that nothing happens to.
enum CharClass : std::uint16_t {
  char_deleted = 1,        ///< removed by clean_text
  char_blank = 2,          ///< becomes U+0020 by clean_text
  char_cjk = 4,            ///< gets blanks on both sides
  char_separator = 8,      ///< white space
  char_punctuation = 16,   ///< a word of its own
  char_dropped = 32,       ///< removed by strip_accents
  char_decomposed = 64,    ///< replaced by strip_accents, and not removed
  char_reordering = 128,   ///< survives strip_accents and may change places with its neighbours
  char_lowered = 256,      ///< replaced by lowercase
  char_word = 512,         ///< a word character
  char_mark = 1024,        ///< removed by StripAccents
  char_numeric = 2048,     ///< a digit or another number
  char_canonical = 4096,   ///< has a canonical decomposition
  char_compatible = 8192,  ///< has a compatibility decomposition that is not canonical
  char_second = 16384,     ///< may be the second part of a composition
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
    mark(0x11A8, 0x11C2, 1, char_second);  // and the consonants after them
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

/// The element of a sorted table whose key (first or from) is the largest not above `c`, or nullptr.
template <class Item, class Key> const Item* find_floor(std::span<const Item> table, char32_t c, Key key) {
  std::size_t begin = 0, end = table.size();  // the first item after it is between them
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
