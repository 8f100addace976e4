// UTF-8 at the borders of files. The tokenizer has its own, faster decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tl {

/// Bytes of the well-formed UTF-8 sequence at the start of `text` (RFC 3629: shortest form, no surrogates, at most
/// U+10FFFF), or 0 if there is none. `code_point` receives its value.
inline std::size_t decode_utf8(std::string_view text, std::uint32_t& code_point) {
  if (text.empty()) return 0;
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    code_point = lead;
    return 1;
  }
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  std::uint32_t value = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = (value << 6) | (byte(i) & 0x3fu);
  }
  const bool too_short = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (too_short || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  code_point = value;
  return length;
}

/// Offset of the first byte that is not part of well-formed UTF-8, or npos.
inline std::size_t find_invalid_utf8(std::string_view text) {
  std::uint32_t ignored = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = decode_utf8(text.substr(at), ignored);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

/// `text` with "\\xff" for every byte that is not part of well-formed UTF-8, to be shown in a sentence.
inline std::string escape_invalid_utf8(std::string_view text) {
  std::string shown;
  std::uint32_t ignored = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = decode_utf8(text.substr(at), ignored);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length > 0) shown += text.substr(at, length);
    else shown += {'\\', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15U]};
    at += length > 0 ? length : 1;
  }
  return shown;
}

}  // namespace tl
