// The text of a data file, as UTF-8 whatever its encoding is. The file is read, not mapped, so one that shrinks
// meanwhile is a shorter file and no signal. What does not fit the encoding is an error that names line, byte and the
// encoding to try.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/compression.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

/// How the characters of a data file are stored. UTF-16 is told by its byte order mark; `utf_16` without one is
/// little-endian.
enum class TextEncoding { utf_8, utf_16, latin_1, cp1252 };

/// The name in messages and options: "utf-8", "utf-16", "latin-1", "cp1252".
constexpr std::string_view to_string(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::utf_8: return "utf-8";
    case TextEncoding::utf_16: return "utf-16";
    case TextEncoding::latin_1: return "latin-1";
    case TextEncoding::cp1252: return "cp1252";
  }
  return "?";
}

/// The encoding of a name as Python knows it: "utf-8", "UTF8", "utf-8-sig", "utf-16", "latin-1", "ISO-8859-1",
/// "cp1252", "windows-1252" ... Throws invalid_argument for another.
inline TextEncoding text_encoding(std::string_view name) {
  std::string plain;  // letters and digits in lower case
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    else if (c != '-' && c != '_' && c != ' ') plain += c;
  }
  struct Name {
    std::string_view name;
    TextEncoding encoding;
  };
  constexpr Name names[] = {{"utf8", TextEncoding::utf_8},     {"utf8sig", TextEncoding::utf_8},
                            {"ascii", TextEncoding::utf_8},    {"utf16", TextEncoding::utf_16},
                            {"latin1", TextEncoding::latin_1}, {"iso88591", TextEncoding::latin_1},
                            {"cp1252", TextEncoding::cp1252},  {"windows1252", TextEncoding::cp1252}};
  for (const Name& known : names)
    if (known.name == plain) return known.encoding;
  fail(ErrorCode::invalid_argument, "encoding: expected utf-8, utf-16, latin-1 or cp1252, got ",
       name.empty() ? "nothing" : escape_invalid_utf8(name));
}

namespace detail {

/// Turns the bytes of one file into UTF-8.
class TextDecoder {
 public:
  TextDecoder(const std::filesystem::path& path, std::string bytes) : path_(path), bytes_(std::move(bytes)) {}

  std::string decode(TextEncoding encoding) && {
    // 0xff and 0xfe are in no UTF-8 text, so the mark of UTF-16 needs no option.
    const bool little = bytes_.starts_with("\xff\xfe"), big = bytes_.starts_with("\xfe\xff");
    if (encoding == TextEncoding::utf_16 || (encoding == TextEncoding::utf_8 && (little || big)))
      return from_utf16(big, little || big ? 2 : 0);
    if (encoding != TextEncoding::utf_8) return from_single_bytes(encoding);
    check_utf8();
    if (bytes_.starts_with("\xef\xbb\xbf")) bytes_.erase(0, 3);
    return std::move(bytes_);
  }

 private:
  int byte(std::size_t at) const { return static_cast<unsigned char>(bytes_[at]); }

  template <class... Parts> [[noreturn]] void refuse(std::int64_t line, std::size_t at, const Parts&... parts) const {
    fail(ErrorCode::format, path_.native(), ", line ", line, ", byte ", at, ": ", parts...);
  }

  std::int64_t line_of(std::size_t at) const {
    return 1 + std::count(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  }

  void check_utf8() const {
    const std::size_t bad = find_invalid_utf8(bytes_);
    const bool wide = 4 * std::count(bytes_.begin(), bytes_.end(), '\0') > static_cast<std::ptrdiff_t>(bytes_.size());
    if (bad == std::string::npos && !wide) return;
    if (bad == std::string::npos)
      refuse(1, bytes_.find('\0'),
             "expected UTF-8, got a NUL byte; if the file has another encoding, name it: try utf-16");
    const bool western =
        std::any_of(bytes_.begin(), bytes_.end(), [](char c) { return static_cast<unsigned char>(c - '\x80') < 0x20; });
    refuse(line_of(bad), bad, "expected UTF-8, got byte ", byte(bad), "; if the file has another encoding, name it: ",
           wide      ? "try utf-16"
           : western ? "try cp1252 (or latin-1, utf-16)"
                     : "try latin-1 (or cp1252, utf-16)");
  }

  std::string from_single_bytes(TextEncoding encoding) const {
    // Of cp1252, 0x80 to 0x9f; 0 is no character. All others are those of Latin-1, which are the first of Unicode.
    constexpr std::array<std::uint16_t, 32> western = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                       0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                                       0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                       0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};
    std::string text;
    text.reserve(bytes_.size() + bytes_.size() / 8);
    for (std::size_t at = 0; at < bytes_.size(); ++at) {
      const auto code = static_cast<std::uint32_t>(byte(at));
      const bool special = encoding == TextEncoding::cp1252 && code >= 0x80 && code < 0xa0;
      const std::uint32_t character = special ? western[code - 0x80] : code;
      if (special && character == 0)
        refuse(line_of(at), at, "expected cp1252, which has no byte ", code, "; try latin-1 or utf-8");
      append_utf8(text, character);
    }
    return text;
  }

  std::string from_utf16(bool big, std::size_t begin) const {
    const auto unit = [&](std::size_t at) {
      const auto low = static_cast<std::uint32_t>(byte(big ? at + 1 : at));
      return low | (static_cast<std::uint32_t>(byte(big ? at : at + 1)) << 8);
    };
    std::string text;
    text.reserve(bytes_.size());
    std::int64_t line = 1;
    for (std::size_t at = begin; at < bytes_.size(); at += 2) {
      if (at + 1 == bytes_.size()) refuse(line, at, "expected UTF-16, got half a character at the end; try utf-8");
      std::uint32_t code = unit(at);
      if (code >= 0xd800 && code < 0xe000) {
        const std::uint32_t second = at + 3 < bytes_.size() ? unit(at + 2) : 0;
        if (code >= 0xdc00 || second < 0xdc00 || second >= 0xe000)
          refuse(line, at, "expected UTF-16, got half of a surrogate pair; try utf-8");
        code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
        at += 2;
      }
      line += code == '\n' ? 1 : 0;
      append_utf8(text, code);
    }
    return text;
  }

  const std::filesystem::path& path_;
  std::string bytes_;
};

/// The text of a file in UTF-8, without a byte order mark. Throws io, invalid_argument for an encoding that is not
/// known, format with line and byte for what does not fit it.
inline std::string read_text_file(const std::filesystem::path& path, std::string_view encoding) {
  const TextEncoding how = text_encoding(encoding);
  return TextDecoder(path, read_data_file(path)).decode(how);
}

/// A line of a text with its number, from 1.
struct NumberedLine {
  std::int64_t number;
  std::string_view text;
};

/// The lines of a text, which end with LF, CRLF or CR.
inline std::vector<NumberedLine> numbered_lines(std::string_view text) {
  std::vector<NumberedLine> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back({static_cast<std::int64_t>(lines.size()) + 1, text.substr(0, length)});
    text.remove_prefix(length);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
  }
  return lines;
}

}  // namespace detail

}  // namespace tl
