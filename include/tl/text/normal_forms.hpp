// NFD, NFC, NFKD and NFKC as the reference tokenizer does them, with the code point of the original text that every
// result comes from. The reference counts what it consumes in order: the n-th character that replaces one takes its
// source from the n-th character of the input, so after marks have changed places it may be that of a neighbour.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <tl/core/sort.hpp>
#include <tl/text/unicode.hpp>

namespace tl::detail::text {

/// A code point on its way through the normalizers and the index of the one in the original text that it stands for.
struct SourcedChar {
  char32_t c;
  std::int32_t source;
};

/// What one character decomposes into.
struct Parts {
  static constexpr std::size_t limit = 18;  // U+FDFA
  char32_t at[limit];
  std::size_t size = 0;

  const char32_t* begin() const { return at; }
  const char32_t* end() const { return at + size; }
  void add(char32_t c) { at[size++] = c; }
};

/// Lookups that the generated tables do not give as they are; made on first use.
class NormalFormIndex {
 public:
  static const NormalFormIndex& instance() {
    static const NormalFormIndex index;
    return index;
  }

  /// The parts of one compatibility step of a character of class char_compatible that is in no run, else nothing.
  std::span<const char32_t> compatibility_text(char32_t c) const {
    const auto* place = find_floor(std::span<const Place>(places_), c, &Place::from);
    if (place == nullptr || place->from != c) return {};
    return {&compatibility_texts[place->at + 1], compatibility_texts[place->at] >> 24};
  }

  /// The character that two compose to, or 0.
  char32_t compose(char32_t first, char32_t second) const {
    if (first >= 0x1100 && first <= 0x1112 && second >= 0x1161 && second <= 0x1175)
      return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28;
    if (first >= 0xAC00 && first <= 0xD7A3 && (first - 0xAC00) % 28 == 0 && second >= 0x11A8 && second <= 0x11C2)
      return first + (second - 0x11A7);
    std::size_t begin = 0, end = pairs_.size();
    while (begin < end) {
      const std::size_t middle = (begin + end) / 2;
      const CanonicalStep& step = canonical_steps[pairs_[middle]];
      if (step.first == first && step.second == second) return step.from;
      if (step.first < first || (step.first == first && step.second < second)) begin = middle + 1;
      else end = middle;
    }
    return 0;
  }

 private:
  struct Place {
    char32_t from;
    std::uint32_t at;  // in compatibility_texts
  };

  NormalFormIndex() {
    for (std::uint32_t i = 0; i < std::size(compatibility_texts); i += 1 + (compatibility_texts[i] >> 24))
      places_.push_back({compatibility_texts[i] & 0xFFFFFF, i});
    for (std::uint32_t i = 0; i < std::size(canonical_steps); ++i) {
      const char32_t c = canonical_steps[i].from;
      const auto* excluded =
          find_floor(std::span<const CodePointRange>(composition_exclusions), c, &CodePointRange::first);
      if (canonical_steps[i].second != 0 && (excluded == nullptr || c > excluded->last)) pairs_.push_back(i);
    }
    pairs_ = stable_sorted(std::move(pairs_), [](std::uint32_t a, std::uint32_t b) {
      const CanonicalStep &x = canonical_steps[a], &y = canonical_steps[b];
      return x.first != y.first ? x.first < y.first : x.second < y.second;
    });
  }

  std::vector<Place> places_;
  std::vector<std::uint32_t> pairs_;  // the steps that compose, by their parts
};

/// Adds the full decomposition of a character, which may be itself.
inline void decompose(char32_t c, bool compatible, Parts& out) {
  const unsigned flags = CharTable::instance()[c];
  if (compatible && (flags & char_compatible)) {
    const auto* run = find_floor(std::span<const LowerRun>(compatibility_runs), c, &LowerRun::first);
    if (run && c <= run->last && (c - run->first) % static_cast<char32_t>(run->step) == 0)
      return decompose(static_cast<char32_t>(static_cast<std::int64_t>(c) + run->distance), true, out);
    for (const char32_t part : NormalFormIndex::instance().compatibility_text(c)) decompose(part, true, out);
    return;
  }
  if (!(flags & char_canonical)) return out.add(c);
  if (c >= 0xAC00 && c <= 0xD7A3) {
    const char32_t s = c - 0xAC00, tail = s % 28;
    out.add(0x1100 + s / 588);
    out.add(0x1161 + s % 588 / 28);
    if (tail != 0) out.add(0x11A7 + tail);
    return;
  }
  const CanonicalStep& step = *find_floor(std::span<const CanonicalStep>(canonical_steps), c, &CanonicalStep::from);
  decompose(step.first, compatible, out);
  if (step.second != 0) decompose(step.second, compatible, out);
}

/// A result of a normal form that consumes 1 - change characters of the input.
struct ChangedChar {
  char32_t c;
  std::int32_t change;
  std::int32_t combining;
};

/// Puts marks in stable order of their classes, in linear time. `scratch` is reused from call to call.
inline void sort_marks(std::span<ChangedChar> marks, std::vector<ChangedChar>& scratch) {
  bool sorted = true;
  for (std::size_t i = 1; sorted && i < marks.size(); ++i) sorted = marks[i - 1].combining <= marks[i].combining;
  if (sorted) return;
  std::array<std::size_t, 257> begin{};  // of every class, in the sorted run
  for (const ChangedChar& mark : marks) ++begin[static_cast<std::size_t>(mark.combining) + 1];
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  scratch.assign(marks.begin(), marks.end());
  for (const ChangedChar& mark : scratch) marks[begin[static_cast<std::size_t>(mark.combining)]++] = mark;
}

/// The decompositions of all characters, with every run of marks in order.
inline std::vector<ChangedChar> decompose_all(std::span<const SourcedChar> text, bool compatible) {
  std::vector<ChangedChar> out, scratch;
  out.reserve(text.size() + text.size() / 8);
  std::size_t run_begin = 0;  // out[run_begin..] have classes other than 0
  for (const SourcedChar& item : text) {
    Parts parts;
    if (item.c < 128) parts.add(item.c);
    else decompose(item.c, compatible, parts);
    for (std::size_t i = 0; i < parts.size; ++i) {
      const std::int32_t combining = parts.at[i] < 128 ? 0 : combining_class(parts.at[i]);
      if (combining == 0) sort_marks(std::span(out).subspan(run_begin), scratch);
      out.push_back({parts.at[i], i == 0 ? 0 : 1, combining});
      if (combining == 0) run_begin = out.size();
    }
  }
  sort_marks(std::span(out).subspan(run_begin), scratch);
  return out;
}

/// Composes decomposed text in place. A mark is blocked by one of the same or a higher class after the starter.
inline void compose_all(std::vector<ChangedChar>& text) {
  const CharTable& classes = CharTable::instance();
  const NormalFormIndex& index = NormalFormIndex::instance();
  std::size_t size = 0, starter = text.size();  // no starter yet
  std::int32_t last = -1;                       // class of the last mark after the starter that stayed
  for (std::size_t i = 0; i < text.size(); ++i) {
    const ChangedChar item = text[i];
    const bool has_starter = starter < size;
    if (has_starter && last < item.combining && (classes[item.c] & char_second)) {
      ChangedChar& first = text[starter];
      if (const char32_t composed = index.compose(first.c, item.c)) {
        first.c = composed;
        first.change += item.change - 1;
        continue;
      }
    }
    if (item.combining == 0) {
      starter = size;
      last = -1;
    } else if (has_starter) {
      last = item.combining;
    }
    text[size++] = item;
  }
  text.resize(size);
}

/// Replaces a text by its normal form.
inline void normal_form(std::vector<SourcedChar>& text, bool compatible, bool composed) {
  bool ascii = true;
  for (const SourcedChar& item : text) ascii = ascii && item.c < 128;
  if (ascii) return;
  std::vector<ChangedChar> changed = decompose_all(text, compatible);
  if (composed) compose_all(changed);
  std::vector<SourcedChar> out;
  out.reserve(changed.size());
  std::size_t consumed = 0;
  for (const ChangedChar& item : changed) {
    if (item.change > 0) {
      out.push_back({item.c, text[consumed - 1].source});
    } else {
      out.push_back({item.c, text[consumed].source});
      consumed += static_cast<std::size_t>(1 - item.change);
    }
  }
  text = std::move(out);
}

}  // namespace tl::detail::text
