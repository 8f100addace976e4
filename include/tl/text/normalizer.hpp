// From a raw text to the one that is split into words. A tokenizer has one normaliser of tokenizer.json, most often
// BERT's: clean text, blanks around CJK characters, strip accents, lower case, in this order; it has a path of its own.
// Besides the normalised bytes it can record, for every byte, the index of the code point it came from: that is how
// tokens get their offsets. A character that expands shares its source; a deleted one leaves no trace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/utf8.hpp>
#include <tl/text/normal_forms.hpp>
#include <tl/text/normalizer_steps.hpp>
#include <tl/text/unicode.hpp>

namespace tl {

/// A normalised text; `source[i]` is the code point index that byte i came from (empty if not recorded).
struct NormalizedText {
  std::string text;
  std::vector<std::int32_t> source;

  void clear() {
    text.clear();
    source.clear();
  }
};

/// Applies a NormalizerStep to valid UTF-8. Immutable, safe to share between threads.
class Normalizer {
 public:
  /// BERT's normaliser with its default switches.
  Normalizer() : Normalizer(NormalizerOptions{}) {}
  /// BERT's normaliser.
  explicit Normalizer(const NormalizerOptions& options)
      : Normalizer(NormalizerStep{.kind = NormalizerStep::Kind::bert, .bert = options}) {}
  explicit Normalizer(NormalizerStep step) : step_(std::move(step)), classes_(&detail::text::CharTable::instance()) {
    const NormalizerStep* only = &step_;
    while (only->kind == NormalizerStep::Kind::sequence && only->parts.size() == 1) only = &only->parts[0];
    general_ = only->kind != NormalizerStep::Kind::bert;
    if (general_) return;
    const NormalizerOptions& options = options_ = only->bert;
    strip_accents_ = options.strip_accents.value_or(options.lowercase);
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

  /// The switches of BERT's normaliser, the defaults for others.
  const NormalizerOptions& options() const { return options_; }
  const NormalizerStep& step() const { return step_; }

  /// Replaces `out` by the normal form of `text`. With `sources`, the code points of `text` are numbered from `first`.
  template <bool sources> void normalize(std::string_view text, NormalizedText& out, std::int32_t first = 0) const {
    if (!general_ && run<sources>(text, out, first)) return;
    run_general<sources>(text, out, first);
  }

  std::string operator()(std::string_view text) const {
    NormalizedText out;
    normalize<false>(text, out);
    return std::move(out.text);
  }

 private:
  static constexpr unsigned char deleted_byte = 0x80;

  template <bool sources> static void put(NormalizedText& out, char32_t c, std::int32_t source) {
    detail::append_utf8(out.text, c);
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

  // Returns false when a mark turned up that has to be sorted: the caller then starts over with run_general.
  template <bool sources> bool run(std::string_view text, NormalizedText& out, std::int32_t index) const {
    out.clear();
    out.text.reserve(text.size() + 8);
    for (std::size_t at = 0; at < text.size();) {
      if (static_cast<unsigned char>(text[at]) < 128) {
        at = copy_ascii<sources>(text, at, out, index);
        continue;
      }
      const std::size_t begin = at;
      const char32_t c = detail::decode_valid_utf8(text, at);
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

  // Copies the run of ASCII that starts at `at`, moves `index` after it and returns where it ends.
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
      detail::text::Parts parts;
      detail::text::decompose(c, false, parts);
      for (const char32_t part : parts)
        if (!((*classes_)[part] & detail::text::char_dropped)) put_lowered<sources>(out, part, index);
    } else if (!(flags & detail::text::char_dropped)) {
      put_lowered<sources>(out, c, index);
    }
    if (flags & detail::text::char_cjk) put<sources>(out, U' ', index);
  }

  template <bool sources> void run_general(std::string_view text, NormalizedText& out, std::int32_t first) const {
    detail::text::SourcedText chars = detail::text::to_code_points(text, first);
    detail::text::apply(step_, chars);
    out.clear();
    for (const detail::text::SourcedChar& item : chars) put<sources>(out, item.c, item.source);
  }

  NormalizerStep step_;
  NormalizerOptions options_;
  bool general_ = false;  // not BERT's, or that among others
  bool strip_accents_ = false;
  const detail::text::CharTable* classes_;
  std::uint16_t active_ = 0;
  std::array<unsigned char, 128> ascii_{};
};

}  // namespace tl
