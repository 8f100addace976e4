// JSON as Python's json module reads and writes it: NaN, Infinity and -Infinity are allowed, a float keeps its ".0",
// keys stay in file order. A parser of its own because the errors must say what was expected at which byte, a key that
// stands twice must not pass silently, and large objects (vocabularies) must not cost quadratic time.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/core/error.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

/// A JSON value whose objects keep their order.
using Json = nlohmann::ordered_json;

namespace detail {

class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view where, std::size_t first_byte)
      : text_(text), where_(where), first_byte_(first_byte) {}

  Json document() {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    Json value = parse_value();
    skip_blanks();
    if (at_ < text_.size()) expected("the end after the value");
    return value;
  }

 private:
  static constexpr int max_depth = 500;

  [[noreturn]] void expected(std::string_view what) const {
    std::string got = "the end";
    if (at_ < text_.size()) {
      std::uint32_t ignored = 0;
      const std::size_t length = decode_utf8(text_.substr(at_), ignored);
      const auto byte = static_cast<unsigned char>(text_[at_]);
      got = length > 0 && byte >= 0x20 ? join("'", text_.substr(at_, length), "'")
                                       : join("byte 0x", "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]);
    }
    fail(ErrorCode::format, where_, ", byte ", first_byte_ + at_, ": expected ", what, ", got ", got);
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  Json parse_value() {
    skip_blanks();
    if (at_ >= text_.size()) expected("a value");
    switch (text_[at_]) {
      case '{': return parse_object();
      case '[': return parse_array();
      case '"': return parse_string();
      default: break;
    }
    if (accept("null")) return nullptr;
    if (accept("true")) return true;
    if (accept("false")) return false;
    if (accept("NaN")) return std::numeric_limits<double>::quiet_NaN();
    if (accept("Infinity")) return std::numeric_limits<double>::infinity();
    if (accept("-Infinity")) return -std::numeric_limits<double>::infinity();
    return parse_number();
  }

  void descend() {
    if (++depth_ > max_depth)
      fail(ErrorCode::format, where_, ", byte ", first_byte_ + at_, ": expected at most ", max_depth,
           " nested arrays and objects, got more");
  }

  Json parse_array() {
    descend();
    ++at_;
    Json array = Json::array();
    skip_blanks();
    if (!accept("]")) {
      for (;;) {
        array.push_back(parse_value());
        skip_blanks();
        if (accept("]")) break;
        if (!accept(",")) expected("',' or ']' after an array element");
      }
    }
    --depth_;
    return array;
  }

  Json parse_object() {
    descend();
    ++at_;
    Json object = Json::object();
    // filled through the vector below ordered_map, whose own insertion looks through all former keys
    std::vector<std::pair<const std::string, Json>>& members = object.get_ref<Json::object_t&>();
    std::unordered_set<std::string> keys;
    skip_blanks();
    if (!accept("}")) {
      for (;;) {
        skip_blanks();
        const std::size_t begin = at_;
        if (at_ >= text_.size() || text_[at_] != '"') expected("a key in double quotes");
        std::string key = parse_string();
        if (!keys.insert(key).second)
          fail(ErrorCode::format, where_, ", byte ", first_byte_ + begin, ": expected every key once, got \"", key,
               "\" again");
        skip_blanks();
        if (!accept(":")) expected("':' after a key");
        Json value = parse_value();
        members.emplace_back(std::move(key), std::move(value));
        skip_blanks();
        if (accept("}")) break;
        if (!accept(",")) expected("',' or '}' after an object member");
      }
    }
    --depth_;
    return object;
  }

  std::uint32_t parse_hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c >= '0' && c <= '9') value = value * 16 + static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') value = value * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') value = value * 16 + static_cast<std::uint32_t>(c - 'A' + 10);
      else expected("four hexadecimal digits after \\u");
    }
    return value;
  }

  void parse_escape(std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    if (at_ < text_.size() && names.find(text_[at_]) != std::string_view::npos) {
      out += values[names.find(text_[at_++])];
      return;
    }
    if (!accept("u")) expected("one of \" \\ / b f n r t u after a backslash");
    std::uint32_t code = parse_hex4();
    if (code >= 0xd800 && code < 0xdc00) {
      if (!accept("\\u")) expected("the second half of a surrogate pair");
      const std::uint32_t low = parse_hex4();
      if (low < 0xdc00 || low >= 0xe000) {
        at_ -= 4;
        expected("the second half of a surrogate pair");
      }
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
      at_ -= 4;
      expected("the first half of a surrogate pair before its second");
    }
    append_utf8(out, code);
  }

  std::string parse_string() {
    ++at_;
    std::string out;
    for (;;) {
      if (at_ >= text_.size()) expected("'\"' at the end of a string");
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') break;
      if (byte < 0x20) expected("no control character inside a string");
      if (byte == '\\') {
        ++at_;
        parse_escape(out);
        continue;
      }
      std::uint32_t ignored = 0;
      const std::size_t length = decode_utf8(text_.substr(at_), ignored);
      if (length == 0) expected("UTF-8");
      out.append(text_, at_, length);
      at_ += length;
    }
    ++at_;
    return out;
  }

  void skip_digits(std::string_view what) {
    const auto digit = [this] { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; };
    if (!digit()) expected(what);
    while (digit()) ++at_;
  }

  Json parse_number() {
    const std::size_t begin = at_;
    const bool negative = accept("-");
    if (!accept("0")) skip_digits(negative ? "a digit after '-'" : "a value");
    const bool fraction = accept(".");
    if (fraction) skip_digits("a digit after '.'");
    const bool exponent = accept("e") || accept("E");
    if (exponent) {
      if (!accept("+")) accept("-");
      skip_digits("a digit in an exponent");
    }
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    if (!fraction && !exponent) {
      std::int64_t integer = 0;
      if (std::from_chars(first, last, integer).ec == std::errc{}) return integer;
      std::uint64_t natural = 0;
      if (!negative && std::from_chars(first, last, natural).ec == std::errc{}) return natural;
    }
    double value = 0.0;
    if (std::from_chars(first, last, value).ec != std::errc{})
      fail(ErrorCode::format, where_, ", byte ", first_byte_ + begin,
           ": expected a number in the range of a double, got ",
           std::string_view(first, std::min<std::size_t>(at_ - begin, 40)));
    return value;
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t first_byte_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace detail

/// Parses one JSON document. `where` names the source in errors ("config.json", "train.jsonl, line 3") and `first_byte`
/// is the place of `text` in it. Throws format with the byte offset and what was expected there.
inline Json parse_json(std::string_view text, std::string_view where, std::size_t first_byte = 0) {
  return detail::JsonParser(text, where, first_byte).document();
}

/// A double as Python's repr writes it: shortest form that reads back the same, "2.0", "1e-05".
inline std::string python_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::array<char, 32> buffer;
  char* const begin = buffer.data();
  const char* const end = std::to_chars(begin, begin + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string_view text(begin, static_cast<std::size_t>(end - begin));
  const std::string sign = text.front() == '-' ? "-" : "";
  text.remove_prefix(sign.size());
  const std::size_t e = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c != '.') digits += c;
  int exponent = 0;
  const char* exponent_text = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    if (digits.size() > 1) digits.insert(1, ".");
    const int magnitude = std::abs(exponent);
    return join(sign, digits, exponent < 0 ? "e-" : "e+", magnitude < 10 ? "0" : "", magnitude);
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + (digits.size() > whole ? digits.substr(whole) : "0");
}

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

inline void append_json(std::string& out, const Json& value, const JsonStyle& style, int level) {
  const auto new_line = [&](int depth) {
    if (style.indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(depth) * static_cast<std::size_t>(style.indent), ' ');
  };
  const std::string_view comma = style.compact || style.indent >= 0 ? "," : ", ";
  const auto elements = [&](const auto& list, char open, char close, const auto& one) {
    out += open;
    bool first = true;
    for (const auto& element : list) {
      if (!std::exchange(first, false)) out += comma;
      new_line(level + 1);
      one(element);
    }
    if (!first) new_line(level);
    out += close;
  };
  switch (value.type()) {
    case Json::value_t::object: {
      std::vector<std::pair<std::string_view, const Json*>> members;
      for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) members.emplace_back(key, &member);
      if (style.sort_keys)
        std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      elements(members, '{', '}', [&](const auto& member) {
        append_json_string(out, member.first, style.ensure_ascii);
        out += style.compact ? ":" : ": ";
        append_json(out, *member.second, style, level + 1);
      });
      return;
    }
    case Json::value_t::array:
      return elements(value, '[', ']', [&](const Json& element) { append_json(out, element, style, level + 1); });
    case Json::value_t::string: return append_json_string(out, value.get_ref<const std::string&>(), style.ensure_ascii);
    case Json::value_t::number_float: out += python_float(value.get<double>()); return;
    case Json::value_t::number_integer: out += std::to_string(value.get<std::int64_t>()); return;
    case Json::value_t::number_unsigned: out += std::to_string(value.get<std::uint64_t>()); return;
    case Json::value_t::boolean: out += value.get<bool>() ? "true" : "false"; return;
    default: out += "null"; return;
  }
}

}  // namespace detail

/// The text that Python's json.dumps writes for the same value, without a final newline.
/// Throws format if a string is not UTF-8.
inline std::string dump_json(const Json& value, const JsonStyle& style = {}) {
  std::string out;
  detail::append_json(out, value, style, 0);
  return out;
}

}  // namespace tl
