// JSON as Python's json module reads and writes it: NaN, Infinity and -Infinity are allowed, a float keeps its ".0",
// keys stay in file order. nlohmann/json reads; the layer above it says what was expected at which byte, refuses a key
// that stands twice, and fills large objects (vocabularies) without looking through the keys that are there already.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/core/error.hpp>
#include <tl/core/order.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

/// A JSON value whose objects keep their order.
using Json = nlohmann::ordered_json;

namespace detail {

/// Walks over a text and leaves its place in `*place`, because nlohmann tells positions of syntax errors only.
struct JsonIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** place;

  reference operator*() const { return *at; }
  JsonIterator& operator++() {
    *place = ++at;
    return *this;
  }
  bool operator==(const JsonIterator& other) const { return at == other.at; }
};

/// Builds a Json from the events of nlohmann's SAX parser; which functions it must have is nlohmann's choice.
class JsonBuilder {
 public:
  JsonBuilder(std::string_view text, std::string_view where, std::size_t first_byte)
      : text_(text), where_(where), first_byte_(first_byte) {}

  Json build() {
    const std::size_t zero = text_.find('\0');  // nlohmann takes it for the end
    if (zero != std::string_view::npos) fail_at(zero, "JSON in UTF-8", "a NUL byte");
    const std::string masked = mask_literals(text_);
    const std::string_view input = masked.empty() ? text_ : std::string_view(masked);
    const char* place = input.data();
    begin_ = input.data();
    place_ = &place;
    // What Json::sax_parse() does for text; that function also compiles the readers of nlohmann's five binary formats.
    nlohmann::detail::parser<Json, Input>(
        Input(JsonIterator{begin_, &place}, JsonIterator{begin_ + input.size(), &place}))
        .sax_parse(this);
    return std::move(root_);
  }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool binary(Json::binary_t&) { return false; }

  bool string(std::string& value) {
    switch (last_read()) {
      case '"': return add(std::move(value));
      case 'N': return add(std::numeric_limits<double>::quiet_NaN());
      default: return add(std::numeric_limits<double>::infinity() * (value == minus_infinity ? -1 : 1));
    }
  }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (last_read() != '"') fail_at(offset(), "string literal", "a number");
    if (!open_.back().keys.insert(name).second) fail_at(offset(), "every key once", join('"', name, "\" again"));
    open_.back().value->get_ref<Json::object_t&>().emplace_back(std::move(name), nullptr);
    return true;
  }

  bool parse_error(std::size_t read, const std::string& last_token, const Json::exception& error) {
    constexpr int number_overflow = 406;
    if (error.id == number_overflow)
      fail_at(read - last_token.size(), "a number in the range of a double", last_token.substr(0, 40));
    // "[json.exception...] parse error at line 1, column 8: syntax error while parsing value - unexpected '}'; last
    // read: '...'; expected '[', '{', or a literal", where each of the last two parts may be missing
    std::string problem = error.what();
    const std::string read_last = join("; last read: '", last_token, "'");
    if (const auto at = problem.rfind(read_last); at != std::string::npos) problem.erase(at, read_last.size());
    if (const auto at = problem.find(" - "); at != std::string::npos) problem.erase(0, at + 3);
    constexpr std::string_view unexpected = "unexpected ", expected = "; expected ";
    if (problem.starts_with(unexpected)) problem.erase(0, unexpected.size());
    const std::size_t tail = problem.rfind(expected);
    if (tail == std::string::npos) fail_at(read - 1, "JSON", problem);
    fail_at(read - 1, problem.substr(tail + expected.size()), problem.substr(0, tail));
  }

 private:
  using Input = nlohmann::detail::iterator_input_adapter<JsonIterator>;
  static constexpr std::size_t max_depth = 500;
  static constexpr std::string_view minus_infinity = "Infinit";

  struct Open {
    Json* value;
    std::unordered_set<std::string> keys;
  };

  /// The text with Python's NaN, Infinity and -Infinity, which nlohmann refuses, as strings of the same length: their
  /// first and last letters become quotes. The last letter in the text tells such a string from a real one, so that
  /// nothing a file may hold is taken for a number. Empty if the text holds none of these words.
  static std::string mask_literals(std::string_view text) {
    constexpr std::string_view words[] = {"NaN", "-Infinity", "Infinity"};
    std::string masked;
    if (text.find(words[0]) == std::string_view::npos && text.find(words[2]) == std::string_view::npos) return masked;
    masked = text;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '"') in_string = !in_string;
      if (in_string) {
        if (text[at] == '\\') ++at;
        continue;
      }
      for (const std::string_view word : words) {
        if (!text.substr(at).starts_with(word)) continue;
        masked[at] = masked[at + word.size() - 1] = '"';
        at += word.size() - 1;
        break;
      }
    }
    return masked;
  }

  std::size_t offset() const { return static_cast<std::size_t>(*place_ - begin_) - 1; }
  char last_read() const { return text_[offset()]; }

  [[noreturn]] void fail_at(std::size_t offset, std::string_view expected, std::string_view got) const {
    fail(ErrorCode::format, where_, ", byte ", first_byte_ + offset, ": expected ", expected, ", got ", got);
  }

  Json& put(Json&& value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back().value;
    if (parent.is_array()) return parent.get_ref<Json::array_t&>().emplace_back(std::move(value));
    return parent.get_ref<Json::object_t&>().back().second = std::move(value);
  }

  bool add(Json&& value) {
    put(std::move(value));
    return true;
  }

  bool open(Json&& value) {
    if (open_.size() == max_depth) fail_at(offset(), join("at most ", max_depth, " nested arrays and objects"), "more");
    Json& inside = put(std::move(value));
    open_.push_back({&inside, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t first_byte_;
  const char* begin_ = nullptr;
  const char** place_ = nullptr;
  Json root_;
  std::vector<Open> open_;  // a value here does not move: its parent grows only after it is closed
};

}  // namespace detail

/// Parses one JSON document. `where` names the source in errors ("config.json", "train.jsonl, line 3") and `first_byte`
/// is the place of `text` in it. Throws format with what was expected and the offset of the byte that did not fit.
inline Json parse_json(std::string_view text, std::string_view where, std::size_t first_byte = 0) {
  return detail::JsonBuilder(text, where, first_byte).build();
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
        stable_sort_by(members, [](const auto& a, const auto& b) { return a.first < b.first; });
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
