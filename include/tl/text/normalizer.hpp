// The normaliser of BERT: clean text, blanks around CJK characters, strip accents, lower case, in this order. Besides
// the normalised bytes it can record, for every byte, the index of the code point it came from: that is how tokens
// get their offsets. A character that expands shares its source; a deleted one leaves no trace.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/text/unicode.hpp>

namespace tl {

/// The four switches of the normaliser, with the defaults of the reference.
struct NormalizerOptions {
  bool clean_text = true;               ///< delete control characters, turn every white space into a blank
  bool handle_chinese_chars = true;     ///< put blanks around CJK ideographs
  std::optional<bool> strip_accents{};  ///< nothing: as lowercase
  bool lowercase = true;
  bool operator==(const NormalizerOptions&) const = default;
};

/// A normalised text; `source[i]` is the code point index that byte i came from (empty if not recorded).
struct NormalizedText {
  std::string text;
  std::vector<std::int32_t> source;

  void clear() {
    text.clear();
    source.clear();
  }
};

/// Applies NormalizerOptions to valid UTF-8. Immutable, safe to share between threads.
class Normalizer {
 public:
  Normalizer() : Normalizer(NormalizerOptions{}) {}
  explicit Normalizer(const NormalizerOptions& options)
      : options_(options),
        strip_accents_(options.strip_accents.value_or(options.lowercase)),
        classes_(&detail::text::CharTable::instance()) {
    // Classes that this set of switches reacts to; all other characters are copied.
    active_ =
        static_cast<std::uint16_t>((options.clean_text ? detail::text::char_deleted | detail::text::char_blank : 0) |
                                   (options.handle_chinese_chars ? detail::text::char_cjk : 0) |
                                   (strip_accents_ ? detail::text::char_dropped | detail::text::char_decomposed : 0) |
                                   (options.lowercase ? detail::text::char_lowered : 0));
    for (unsigned c = 0; c < 128; ++c) {
      const auto flags = (*classes_)[c] & active_;
      ascii_[c] = static_cast<unsigned char>(c);
      if (flags & detail::text::char_lowered) ascii_[c] = static_cast<unsigned char>(c + 32);
      if (flags & detail::text::char_blank) ascii_[c] = ' ';
      if (flags & detail::text::char_deleted) ascii_[c] = deleted_byte;
    }
  }

  const NormalizerOptions& options() const { return options_; }

  /// Replaces `out` by the normal form of `text`. With `sources`, the code points of `text` are numbered from `first`.
  template <bool sources> void normalize(std::string_view text, NormalizedText& out, std::int32_t first = 0) const {
    if (run<sources>(text, out, first)) return;
    run_sorting(text, out, first);
    if (!sources) out.source.clear();
  }

  std::string operator()(std::string_view text) const {
    NormalizedText out;
    normalize<false>(text, out);
    return std::move(out.text);
  }

 private:
  static constexpr unsigned char deleted_byte = 0x80;

  struct Item {
    char32_t c;
    std::int32_t source;
    int combining = 0;
    bool first = false;  // of the decomposition of its source character
  };

  template <bool sources> static void put(NormalizedText& out, char32_t c, std::int32_t source) {
    detail::text::append_utf8(out.text, c);
    if constexpr (sources) out.source.resize(out.text.size(), source);
  }

  template <bool sources> void put_lowered(NormalizedText& out, char32_t c, std::int32_t source) const {
    if (options_.lowercase && ((*classes_)[c] & detail::text::char_lowered)) {
      if (c == 0x130) {
        put<sources>(out, U'i', source);
        c = 0x307;
      } else {
        c = detail::text::lower_case(c);
      }
    }
    put<sources>(out, c, source);
  }

  // Returns false when a mark turned up that has to be sorted: the caller then starts over with run_sorting.
  template <bool sources> bool run(std::string_view text, NormalizedText& out, std::int32_t index) const {
    out.clear();
    out.text.reserve(text.size() + 8);
    for (std::size_t at = 0; at < text.size();) {
      if (static_cast<unsigned char>(text[at]) < 128) {
        at = copy_ascii<sources>(text, at, out, index);
        continue;
      }
      const std::size_t begin = at;
      const char32_t c = detail::text::decode_utf8(text, at);
      const unsigned flags = (*classes_)[c];
      if (strip_accents_ && (flags & detail::text::char_reordering)) return false;
      if ((flags & active_) == 0) {
        out.text.append(text, begin, at - begin);
        if constexpr (sources) out.source.resize(out.text.size(), index);
      } else {
        put_special<sources>(out, c, flags & active_, index);
      }
      ++index;
    }
    return true;
  }

  // Copies the run of ASCII that starts at `at`, moves `index` behind it and returns where it ends.
  template <bool sources>
  std::size_t copy_ascii(std::string_view text, std::size_t at, NormalizedText& out, std::int32_t& index) const {
    std::size_t end = at;
    while (end < text.size() && static_cast<unsigned char>(text[end]) < 128) ++end;
    std::size_t size = out.text.size();
    out.text.resize(size + (end - at));
    if constexpr (sources) out.source.resize(size + (end - at));
    for (; at < end; ++at, ++index) {
      const unsigned char mapped = ascii_[static_cast<unsigned char>(text[at])];
      out.text[size] = static_cast<char>(mapped);
      if constexpr (sources) out.source[size] = index;
      size += mapped != deleted_byte;
    }
    out.text.resize(size);
    if constexpr (sources) out.source.resize(size);
    return end;
  }

  template <bool sources> void put_special(NormalizedText& out, char32_t c, unsigned flags, std::int32_t index) const {
    if (flags & detail::text::char_deleted) return;
    if (flags & detail::text::char_blank) return put<sources>(out, U' ', index);
    if (flags & detail::text::char_cjk) put<sources>(out, U' ', index);
    if (flags & detail::text::char_decomposed) {
      const auto parts = detail::text::decompose(c);
      for (int i = 0; i < parts.size; ++i) put_lowered<sources>(out, parts.at[i], index);
    } else if (!(flags & detail::text::char_dropped)) {
      put_lowered<sources>(out, c, index);
    }
    if (flags & detail::text::char_cjk) put<sources>(out, U' ', index);
  }

  [[gnu::noinline]] static void add(std::vector<Item>& list, const Item& item) { list.push_back(item); }

  // The whole algorithm with canonical ordering, for the few texts that need it. After sorting, the n-th character of
  // the cleaned text gives its source to the n-th result that is the first of its decomposition, and the further
  // results of a decomposition take the source of the result before them.
  void run_sorting(std::string_view text, NormalizedText& out, std::int32_t index) const {
    std::vector<Item> cleaned, marks;
    for (std::size_t at = 0; at < text.size(); ++index) {
      const char32_t c = detail::text::decode_utf8(text, at);
      const unsigned flags = (*classes_)[c] & active_;
      if (flags & detail::text::char_deleted) continue;
      if (flags & detail::text::char_cjk) add(cleaned, {U' ', index});
      add(cleaned, {(flags & detail::text::char_blank) ? U' ' : c, index});
      if (flags & detail::text::char_cjk) add(cleaned, {U' ', index});
    }
    std::size_t run_begin = 0;  // marks[run_begin..] have classes other than 0
    const auto sort_run = [&] {
      for (std::size_t end = run_begin + 1; end < marks.size(); ++end)
        for (std::size_t i = end; i > run_begin && marks[i].combining < marks[i - 1].combining; --i)
          std::swap(marks[i], marks[i - 1]);
    };
    for (const Item& item : cleaned) {
      const unsigned flags = (*classes_)[item.c];
      detail::text::ShortSequence parts{{item.c}, 1};
      if (flags & detail::text::char_decomposed) parts = detail::text::decompose(item.c);
      else if (flags & detail::text::char_dropped) parts = detail::text::decompose_dropped(item.c);
      for (int i = 0; i < parts.size; ++i) {
        const int combining = detail::text::combining_class(parts.at[i]);
        if (combining == 0) sort_run();
        add(marks, {parts.at[i], 0, combining, i == 0});
        if (combining == 0) run_begin = marks.size();
      }
    }
    sort_run();
    out.clear();
    std::size_t next = 0;
    std::int32_t source = index;
    for (const Item& mark : marks) {
      if (mark.first) source = cleaned[next++].source;
      if (!((*classes_)[mark.c] & detail::text::char_dropped)) put_lowered<true>(out, mark.c, source);
    }
  }

  NormalizerOptions options_;
  bool strip_accents_;
  const detail::text::CharTable* classes_;
  std::uint16_t active_ = 0;
  std::array<unsigned char, 128> ascii_{};
};

}  // namespace tl
