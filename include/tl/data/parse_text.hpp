// Numbers and booleans that are written as texts, as data files have them.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace tl::detail {

inline std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Reads a whole text as a number that may have a plus sign; false if it is none or has no place in T.
template <class T> bool parse_number(std::string_view text, T& value) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

/// A whole number of 64 bits, with blanks around it if need be.
inline bool parse_integer(std::string_view text, std::int64_t& value) { return parse_number(trimmed(text), value); }

/// A decimal number that is no integer too long for 64 bits: such digits are a key, not a quantity.
inline bool parse_decimal(std::string_view text, double& value) {
  text = trimmed(text);
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;  // "inf", "nan", "0x1"
  std::int64_t whole = 0;
  if (text.find_first_of(".eE") == std::string_view::npos && !parse_integer(text, whole)) return false;
  return parse_number(text, value);
}

inline bool parse_bool(std::string_view text, std::int64_t& value) {
  value = text == "True" || text == "true" || text == "TRUE";
  return value == 1 || text == "False" || text == "false" || text == "FALSE";
}

/// ASCII letters in lower case; all else as it is.
inline std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace tl::detail
