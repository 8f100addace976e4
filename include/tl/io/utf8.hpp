// UTF-8: checking, decoding and writing it, for files and for the tokenizer. Well-formed is what RFC 3629 says: the
// shortest form, no surrogates, at most U+10FFFF.
#pragma once

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tl {

namespace detail {

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

/// How many of the first `size` bytes come before the first one that is 0x80 or more.
inline std::size_t ascii_length(const char* text, std::size_t size) {
  std::size_t at = 0;
#if defined(__x86_64__)
  for (; size - at >= 16; at += 16) {
    const auto high =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at))));
    if (high != 0) return at + static_cast<std::size_t>(__builtin_ctz(high));
  }
#endif
  while (at < size && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

/// Bytes of the well-formed sequence that starts at text[at], or 0 if there is none.
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto continues = [&](std::size_t i) { return i < text.size() && (bytes[i] & 0xC0) == 0x80; };
  const unsigned lead = bytes[at];
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(at + 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(at + 1) || !continues(at + 2)) return 0;
    const bool too_short = lead == 0xE0 && bytes[at + 1] < 0xA0, surrogate = lead == 0xED && bytes[at + 1] > 0x9F;
    return too_short || surrogate ? 0 : 3;
  }
  if (lead < 0xF0 || lead > 0xF4 || !continues(at + 1) || !continues(at + 2) || !continues(at + 3)) return 0;
  const bool too_short = lead == 0xF0 && bytes[at + 1] < 0x90, too_large = lead == 0xF4 && bytes[at + 1] > 0x8F;
  return too_short || too_large ? 0 : 4;
}

/// The code point that starts at text[at], which must be well-formed; moves `at` after it.
inline char32_t decode_valid_utf8(std::string_view text, std::size_t& at) {
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

/// The byte offset where the code point before text[at] starts (well-formed text, at > 0).
inline std::size_t previous_utf8(std::string_view text, std::size_t at) {
  do --at;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

/// Appends the code point `c`, which must be one.
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

/// Number of code points in well-formed text.
inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return count;
}

}  // namespace detail

/// Bytes of the well-formed UTF-8 sequence at the start of `text`, or 0 if there is none. `code_point` receives its
/// value.
inline std::size_t decode_utf8(std::string_view text, std::uint32_t& code_point) {
  if (text.empty() || detail::utf8_length(text, 0) == 0) return 0;
  std::size_t at = 0;
  code_point = detail::decode_valid_utf8(text, at);
  return at;
}

/// Offset of the first byte that is not part of well-formed UTF-8, or npos.
inline std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0;;) {
    at += detail::ascii_length(text.data() + at, text.size() - at);
    if (at == text.size()) return std::string_view::npos;
    const std::size_t length = detail::utf8_length(text, at);
    if (length == 0) return at;
    at += length;
  }
}

/// `text` with "\\xff" for every byte that is not part of well-formed UTF-8, to be shown in a sentence.
inline std::string escape_invalid_utf8(std::string_view text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = detail::utf8_length(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length > 0) shown += text.substr(at, length);
    else shown += {'\\', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15U]};
    at += length > 0 ? length : 1;
  }
  return shown;
}

}  // namespace tl
