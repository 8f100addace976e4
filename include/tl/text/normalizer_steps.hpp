// The normalizers of tokenizer.json, one function each, over code points that know where they came from. This is the
// general path: Normalizer keeps a faster one for BERT's alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/utf8.hpp>
#include <tl/text/normal_forms.hpp>
#include <tl/text/unicode.hpp>

namespace tl {

/// The four switches of BERT's normaliser, with the defaults of the reference.
struct NormalizerOptions {
  bool clean_text = true;               ///< delete control characters, turn every white space into a blank
  bool handle_chinese_chars = true;     ///< put blanks around CJK ideographs
  std::optional<bool> strip_accents{};  ///< nothing: as lowercase
  bool lowercase = true;
  bool operator==(const NormalizerOptions&) const = default;
};

/// One normaliser of tokenizer.json with its settings; a sequence holds others, which run in order.
struct NormalizerStep {
  enum class Kind { none, bert, nfd, nfc, nfkd, nfkc, lowercase, strip_accents, strip, replace, prepend, sequence };

  Kind kind = Kind::none;
  NormalizerOptions bert{};
  bool strip_left = true, strip_right = true;
  std::string pattern{};  ///< what replace looks for; not empty
  std::string content{};  ///< what replace puts there, and what prepend puts in front
  std::vector<NormalizerStep> parts{};
};

namespace detail::text {

/// The names of normalizers in tokenizer.json.
inline constexpr std::pair<std::string_view, NormalizerStep::Kind> normalizer_names[] = {
    {"BertNormalizer", NormalizerStep::Kind::bert},
    {"NFD", NormalizerStep::Kind::nfd},
    {"NFC", NormalizerStep::Kind::nfc},
    {"NFKD", NormalizerStep::Kind::nfkd},
    {"NFKC", NormalizerStep::Kind::nfkc},
    {"Lowercase", NormalizerStep::Kind::lowercase},
    {"StripAccents", NormalizerStep::Kind::strip_accents},
    {"Strip", NormalizerStep::Kind::strip},
    {"Replace", NormalizerStep::Kind::replace},
    {"Prepend", NormalizerStep::Kind::prepend},
    {"Sequence", NormalizerStep::Kind::sequence}};

using SourcedText = std::vector<SourcedChar>;

/// The code points of valid UTF-8, numbered from `first`.
inline SourcedText to_code_points(std::string_view text, std::int32_t first) {
  SourcedText out;
  out.reserve(count_code_points(text));
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode_valid_utf8(text, at);
    out.push_back({c, first++});
  }
  return out;
}

/// Removes all characters of the given classes.
inline void remove_classes(SourcedText& text, unsigned flags) {
  const CharTable& classes = CharTable::instance();
  std::size_t size = 0;
  for (const SourcedChar item : text)
    if (!(classes[item.c] & flags)) text[size++] = item;
  text.resize(size);
}

inline void lowercase(SourcedText& text) {
  const CharTable& classes = CharTable::instance();
  std::size_t longer = 0;
  for (SourcedChar& item : text) {
    if (item.c == 0x130) ++longer;
    else if (classes[item.c] & char_lowered) item.c = lower_case(item.c);
  }
  if (longer == 0) return;
  SourcedText out;
  out.reserve(text.size() + longer);
  for (const SourcedChar& item : text) {
    if (item.c == 0x130) {
      out.push_back({U'i', item.source});
      out.push_back({0x307, item.source});
    } else {
      out.push_back(item);
    }
  }
  text = std::move(out);
}

inline void clean_text(SourcedText& text) {
  const CharTable& classes = CharTable::instance();
  remove_classes(text, char_deleted);
  for (SourcedChar& item : text)
    if (classes[item.c] & char_blank) item.c = U' ';
}

inline void surround_cjk(SourcedText& text) {
  const CharTable& classes = CharTable::instance();
  std::size_t found = 0;
  for (const SourcedChar& item : text) found += (classes[item.c] & char_cjk) != 0;
  if (found == 0) return;
  SourcedText out;
  out.reserve(text.size() + 2 * found);
  for (const SourcedChar& item : text) {
    const bool cjk = classes[item.c] & char_cjk;
    if (cjk) out.push_back({U' ', item.source});
    out.push_back(item);
    if (cjk) out.push_back({U' ', item.source});
  }
  text = std::move(out);
}

inline void normalize_bert(SourcedText& text, const NormalizerOptions& options) {
  if (options.clean_text) clean_text(text);
  if (options.handle_chinese_chars) surround_cjk(text);
  if (options.strip_accents.value_or(options.lowercase)) {
    normal_form(text, false, false);
    remove_classes(text, char_dropped);
  }
  if (options.lowercase) lowercase(text);
}

inline void strip(SourcedText& text, bool left, bool right) {
  const CharTable& classes = CharTable::instance();
  const auto is_space = [&](const SourcedChar& item) { return (classes[item.c] & char_separator) != 0; };
  std::size_t begin = 0, end = text.size();
  while (right && end > 0 && is_space(text[end - 1])) --end;
  while (left && begin < end && is_space(text[begin])) ++begin;
  text.resize(end);
  text.erase(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin));
}

/// Replaces every match of `pattern`, from the left and without overlaps, in time linear in the text (the search of
/// Knuth, Morris and Pratt). What is put there has the source of the last character that it replaces.
inline void replace(SourcedText& text, std::string_view pattern_text, std::string_view content_text) {
  const SourcedText pattern = to_code_points(pattern_text, 0), content = to_code_points(content_text, 0);
  std::vector<std::size_t> border(pattern.size() + 1, 0);  // longest proper border of every prefix
  const auto advance = [&](std::size_t matched, char32_t c) {
    while (matched > 0 && (matched == pattern.size() || pattern[matched].c != c)) matched = border[matched];
    return pattern[matched].c == c ? matched + 1 : matched;
  };
  for (std::size_t i = 1; i < pattern.size(); ++i) border[i + 1] = advance(border[i], pattern[i].c);
  SourcedText out;
  out.reserve(text.size());
  std::size_t matched = 0;
  for (const SourcedChar& item : text) {
    out.push_back(item);
    matched = advance(matched, item.c);
    if (matched < pattern.size()) continue;
    out.resize(out.size() - pattern.size());
    for (const SourcedChar& c : content) out.push_back({c.c, item.source});
    matched = 0;
  }
  text = std::move(out);
}

/// Puts `content` in front of a text that is not empty, as if it came from the first character.
inline void prepend(SourcedText& text, std::string_view content_text) {
  if (text.empty()) return;
  const SourcedText content = to_code_points(content_text, 0);
  const std::int32_t source = text.front().source;
  text.insert(text.begin(), content.begin(), content.end());
  for (std::size_t i = 0; i < content.size(); ++i) text[i].source = source;
}

inline void apply(const NormalizerStep& step, SourcedText& text) {
  using Kind = NormalizerStep::Kind;
  switch (step.kind) {
    case Kind::none: return;
    case Kind::bert: return normalize_bert(text, step.bert);
    case Kind::nfd: return normal_form(text, false, false);
    case Kind::nfc: return normal_form(text, false, true);
    case Kind::nfkd: return normal_form(text, true, false);
    case Kind::nfkc: return normal_form(text, true, true);
    case Kind::lowercase: return lowercase(text);
    case Kind::strip_accents: return remove_classes(text, char_mark);
    case Kind::strip: return strip(text, step.strip_left, step.strip_right);
    case Kind::replace: return replace(text, step.pattern, step.content);
    case Kind::prepend: return prepend(text, step.content);
    case Kind::sequence:
      for (const NormalizerStep& part : step.parts) apply(part, text);
  }
}

}  // namespace detail::text
}  // namespace tl
