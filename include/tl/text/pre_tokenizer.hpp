// Splits a normalised text into words, with the pre-tokenizers of tokenizer.json. BERT's (white space separates and
// disappears, every punctuation character is a word of its own) has a path of its own; the others split all ranges of
// a text again, one after the other.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/utf8.hpp>
#include <tl/text/unicode.hpp>

namespace tl {

/// What happens to the characters at which a text is split.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// One pre-tokenizer of tokenizer.json with its settings; a sequence holds others, which run in order.
struct PreTokenizerStep {
  enum class Kind { none, bert, whitespace, whitespace_split, punctuation, digits, sequence };

  Kind kind = Kind::bert;
  SplitBehavior behavior = SplitBehavior::isolated;  ///< of punctuation
  bool individual_digits = false;                    ///< of digits: every one a word
  std::vector<PreTokenizerStep> parts{};
};

namespace detail::text {

/// The names of pre-tokenizers and of behaviors in tokenizer.json.
inline constexpr std::pair<std::string_view, PreTokenizerStep::Kind> pre_tokenizer_names[] = {
    {"BertPreTokenizer", PreTokenizerStep::Kind::bert},
    {"Whitespace", PreTokenizerStep::Kind::whitespace},
    {"WhitespaceSplit", PreTokenizerStep::Kind::whitespace_split},
    {"Punctuation", PreTokenizerStep::Kind::punctuation},
    {"Digits", PreTokenizerStep::Kind::digits},
    {"Sequence", PreTokenizerStep::Kind::sequence}};
inline constexpr std::pair<std::string_view, SplitBehavior> behavior_names[] = {
    {"Isolated", SplitBehavior::isolated},
    {"Removed", SplitBehavior::removed},
    {"MergedWithPrevious", SplitBehavior::merged_with_previous},
    {"MergedWithNext", SplitBehavior::merged_with_next},
    {"Contiguous", SplitBehavior::contiguous}};

/// A range of bytes, and whether it is a character to split at.
struct SplitRange {
  std::size_t begin, end;
  bool is_match;
};

/// Moves matches to their neighbours or away, as `behavior` says. A match of several in a row counts alone except in
/// contiguous.
inline void arrange_matches(std::vector<SplitRange>& ranges, SplitBehavior behavior) {
  std::size_t size = 0;
  if (behavior == SplitBehavior::merged_with_next) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const bool joins = i + 1 < ranges.size() && ranges[i].is_match && !ranges[i + 1].is_match;
      ranges[size++] = {ranges[i].begin, ranges[joins ? i + 1 : i].end, false};
      if (joins) ++i;
    }
    ranges.resize(size);
    return;
  }
  bool previous = false;
  for (const SplitRange range : ranges) {
    const bool joins = size > 0 && range.is_match &&
                       ((behavior == SplitBehavior::contiguous && previous) ||
                        (behavior == SplitBehavior::merged_with_previous && !previous));
    previous = range.is_match;
    if (range.is_match && behavior == SplitBehavior::removed) continue;
    if (joins) ranges[size - 1].end = range.end;
    else ranges[size++] = range;
  }
  ranges.resize(size);
}

}  // namespace detail::text

/// Splits a normalised text into words, as tokenizer.json says.
class PreTokenizer {
 public:
  /// BERT's.
  PreTokenizer() : PreTokenizer(PreTokenizerStep{}) {}
  explicit PreTokenizer(PreTokenizerStep step)
      : step_(std::move(step)), classes_(&detail::text::CharTable::instance()) {
    const PreTokenizerStep* only = &step_;
    while (only->kind == Step::sequence && only->parts.size() == 1) only = &only->parts[0];
    general_ = only->kind != Step::bert;
    for (unsigned c = 0; c < 128; ++c) {
      const auto flags = (*classes_)[c];
      ascii_[c] = flags & detail::text::char_separator     ? Kind::separator
                  : flags & detail::text::char_punctuation ? Kind::punctuation
                                                           : Kind::word;
    }
  }

  const PreTokenizerStep& step() const { return step_; }

  /// Calls word(begin, end) with byte ranges of `text` (valid UTF-8), from left to right. Stops when it returns false.
  template <class Word> void split(std::string_view text, Word&& word) const {
    if (general_) {
      for (const Range& range : general_ranges(text))
        if (!word(range.begin, range.end)) return;
      return;
    }
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t here = at;
      const auto byte = static_cast<unsigned char>(text[at]);
      const Kind kind = byte < 128 ? (++at, ascii_[byte]) : kind_of(detail::decode_valid_utf8(text, at));
      if (kind == Kind::word) continue;
      if (begin < here && !word(begin, here)) return;
      if (kind == Kind::punctuation && !word(here, at)) return;
      begin = at;
    }
    if (begin < text.size()) word(begin, text.size());
  }

 private:
  enum class Kind : unsigned char { word, separator, punctuation };
  using Step = PreTokenizerStep::Kind;
  using Range = detail::text::SplitRange;

  Kind kind_of(char32_t c) const {
    const auto flags = (*classes_)[c];
    if (flags & detail::text::char_separator) return Kind::separator;
    return flags & detail::text::char_punctuation ? Kind::punctuation : Kind::word;
  }

  std::vector<Range> general_ranges(std::string_view text) const {
    std::vector<Range> ranges;
    if (!text.empty()) ranges.push_back({0, text.size(), false});
    apply(step_, text, ranges);
    return ranges;
  }

  void apply(const PreTokenizerStep& step, std::string_view text, std::vector<Range>& ranges) const {
    using namespace detail::text;  // NOLINT(google-build-using-namespace): inside this function only
    switch (step.kind) {
      case Step::none: return;
      case Step::bert:
        split_at(char_separator, SplitBehavior::removed, text, ranges);
        return split_at(char_punctuation, SplitBehavior::isolated, text, ranges);
      case Step::whitespace: return split_runs(text, ranges);
      case Step::whitespace_split: return split_at(char_separator, SplitBehavior::removed, text, ranges);
      case Step::punctuation: return split_at(char_punctuation, step.behavior, text, ranges);
      case Step::digits:
        return split_at(char_numeric, step.individual_digits ? SplitBehavior::isolated : SplitBehavior::contiguous,
                        text, ranges);
      case Step::sequence:
        for (const PreTokenizerStep& part : step.parts) apply(part, text, ranges);
    }
  }

  // Splits every range at the characters of a class.
  void split_at(unsigned match, SplitBehavior behavior, std::string_view text, std::vector<Range>& ranges) const {
    std::vector<Range> out, parts;
    for (const Range& range : ranges) {
      parts.clear();
      std::size_t begin = range.begin;
      for (std::size_t at = range.begin; at < range.end;) {
        const std::size_t here = at;
        if (!((*classes_)[detail::decode_valid_utf8(text, at)] & match)) continue;
        if (begin < here) parts.push_back({begin, here, false});
        parts.push_back({here, at, true});
        begin = at;
      }
      if (begin < range.end) parts.push_back({begin, range.end, false});
      detail::text::arrange_matches(parts, behavior);
      out.insert(out.end(), parts.begin(), parts.end());
    }
    ranges = std::move(out);
  }

  // Keeps the runs of word characters and the runs of what is neither these nor white space.
  void split_runs(std::string_view text, std::vector<Range>& ranges) const {
    constexpr unsigned word = detail::text::char_word, space = detail::text::char_separator;
    std::vector<Range> out;
    for (const Range& range : ranges) {
      unsigned open = space;  // the class of the run that is open
      for (std::size_t at = range.begin; at < range.end;) {
        const std::size_t here = at;
        const unsigned flags = (*classes_)[detail::decode_valid_utf8(text, at)];
        const unsigned kind = flags & word ? word : flags & space;
        if (kind == open && kind != space) out.back().end = at;
        else if (kind != space) out.push_back({here, at, false});
        open = kind;
      }
    }
    ranges = std::move(out);
  }

  PreTokenizerStep step_;
  const detail::text::CharTable* classes_;
  bool general_ = false;
  std::array<Kind, 128> ascii_{};
};

}  // namespace tl
