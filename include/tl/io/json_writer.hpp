// Writes JSON as Python's json.dumps does: a float keeps its ".0" and has the shortest digits that read back the same.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/json_value.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

namespace detail {

/// A double as Python's repr writes it: shortest form that reads back the same, "2.0", "1e-05".
inline std::string python_float(double value) {
  if (is_nan(value)) return "NaN";
  if (!is_finite(value)) return value < 0 ? "-Infinity" : "Infinity";
  const double magnitude = std::abs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.begin(), buffer.end(), value,
                                     scientific ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(buffer.begin(), written.ptr);
  if (!scientific && text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace detail

/// The arguments of json.dumps.
struct JsonStyle {
  int indent = 2;            ///< blanks per level; negative: everything on one line
  bool sort_keys = true;     ///< by code point
  bool ensure_ascii = true;  ///< everything beyond ASCII as \uXXXX
  bool compact = false;      ///< no blank after ':' and ','
};

namespace detail {

inline void append_json_string(std::string& out, std::string_view text, bool ensure_ascii) {
  const auto escape = [&out](std::uint32_t unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(unit >> shift) & 15u];
  };
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t code = 0;
    const std::size_t length = decode_utf8(text.substr(at), code);
    check(length > 0, ErrorCode::format, "JSON text: expected UTF-8, got byte ",
          static_cast<int>(static_cast<unsigned char>(text[at])), " at offset ", at, " of a string of ", text.size(),
          " bytes");
    constexpr std::string_view specials = "\"\\\b\f\n\r\t", names = "\"\\bfnrt";
    const auto special = code < 0x80 ? specials.find(static_cast<char>(code)) : std::string_view::npos;
    if (special != std::string_view::npos) {
      out += '\\';
      out += names[special];
    } else if (code < 0x20 || (ensure_ascii && code >= 0x7f && code < 0x10000)) {
      escape(code);
    } else if (ensure_ascii && code >= 0x10000) {
      escape(0xd800 + ((code - 0x10000) >> 10));
      escape(0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
      out.append(text, at, length);
    }
    at += length;
  }
  out += '"';
}

/// Appends a value to a text in one style.
class JsonPrinter {
 public:
  JsonPrinter(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void print(const Json& value, int level) {
    switch (value.type()) {
      case Json::value_t::object: return print_object(value, level);
      case Json::value_t::array: return print_array(value, level);
      case Json::value_t::string: return append_json_string(out_, string_of(value), style_.ensure_ascii);
      case Json::value_t::boolean: out_ += value.get<bool>() ? "true" : "false"; return;
      case Json::value_t::number_integer: out_ += std::to_string(value.get<std::int64_t>()); return;
      case Json::value_t::number_unsigned: out_ += std::to_string(value.get<std::uint64_t>()); return;
      case Json::value_t::number_float: out_ += python_float(value.get<double>()); return;
      case Json::value_t::null: out_ += "null"; return;
      default: fail(ErrorCode::format, "JSON text: expected a value that JSON has, got ", value.type_name());
    }
  }

 private:
  void print_object(const Json& value, int level) {
    std::vector<const Json::object_t::value_type*> members;
    for (const auto& member : members_of(value)) members.push_back(&member);
    if (style_.sort_keys)
      members = stable_sorted(std::move(members), [](auto a, auto b) { return a->first < b->first; });
    out_ += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      begin_element(i, level);
      append_json_string(out_, members[i]->first, style_.ensure_ascii);
      out_ += style_.compact ? ":" : ": ";
      print(members[i]->second, level + 1);
    }
    if (!members.empty()) new_line(level);
    out_ += '}';
  }

  void print_array(const Json& value, int level) {
    out_ += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      begin_element(i, level);
      print(value[i], level + 1);
    }
    if (!value.empty()) new_line(level);
    out_ += ']';
  }

  void begin_element(std::size_t number, int level) {
    if (number > 0) out_ += style_.compact || style_.indent >= 0 ? "," : ", ";
    new_line(level + 1);
  }

  void new_line(int level) {
    if (style_.indent < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(level) * static_cast<std::size_t>(style_.indent), ' ');
  }

  std::string& out_;
  const JsonStyle& style_;
};

}  // namespace detail

/// The text that Python's json.dumps writes for the same value, without a final newline.
/// Throws format if a string is not UTF-8.
inline std::string dump_json(const Json& value, const JsonStyle& style = {}) {
  std::string out;
  detail::JsonPrinter(out, style).print(value, 0);
  return out;
}

}  // namespace tl
