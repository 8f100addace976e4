// Texts and numbers of the report as HTML: whatever stands in data, names or arguments is shown and never becomes a
// part of the page.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/io/utf8.hpp>

namespace tl::detail::report {

/// `text` for an element or an attribute in double quotes: markup is escaped, bytes that are not UTF-8 become \xHH, and
/// control characters, which HTML does not allow, the replacement character.
inline std::string escaped(std::string_view text) {
  const std::string valid =
      find_invalid_utf8(text) == std::string::npos ? std::string(text) : escape_invalid_utf8(text);
  std::string html;
  html.reserve(valid.size());
  for (std::size_t at = 0; at < valid.size();) {
    const std::size_t begin = at;
    const char32_t code = decode_valid_utf8(valid, at);
    if (code == '&') html += "&amp;";
    else if (code == '<') html += "&lt;";
    else if (code == '>') html += "&gt;";
    else if (code == '"') html += "&quot;";
    else if (code == '\'') html += "&#39;";
    else if ((code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code < 0xA0)) html += "\xEF\xBF\xBD";
    else html.append(valid, begin, at - begin);
  }
  return html;
}

/// Data within a page: its direction of writing does not reach what follows it.
inline std::string quoted_data(std::string_view text) { return str_cat("<bdi>", escaped(text), "</bdi>"); }

/// The first `most` bytes of a valid text, cut between characters, and whether anything was cut.
inline std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return str_cat(text.substr(0, end), "\xE2\x80\xA6");
}

/// A number with `digits` significant digits, as short as possible: "0.4167", "2e-05"; a dash if it is not finite.
inline std::string number(double value, int digits = 4) {
  if (!is_finite(value)) return "\xE2\x80\x93";
  if (value == 0.0) return "0";
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, digits).ptr;
  return std::string(buffer.data(), end);
}

/// A count with blanks between thousands: "12 345", with spaces that do not break.
inline std::string count(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, "\xC2\xA0");
  return digits;
}

/// A number with `digits` digits after the point.
inline std::string fixed(double value, int digits) {
  if (!is_finite(value)) return "\xE2\x80\x93";
  std::array<char, 400> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits).ptr;
  return std::string(buffer.data(), end);
}

/// A share from 0 to 1 as "87.5 %".
inline std::string percent(double share) {
  return is_finite(share) ? str_cat(fixed(100.0 * share, 1), "\xC2\xA0%") : "\xE2\x80\x93";
}

}  // namespace tl::detail::report
