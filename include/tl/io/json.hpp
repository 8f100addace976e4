// JSON as Python's json module reads and writes it: NaN, Infinity and -Infinity are allowed, a float keeps its ".0",
// keys stay in file order, the last value of a key that stands twice counts, in the place of the first, and errors say
// what was expected at which byte.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Of nlohmann/json only the lexer is compiled. The one-header edition has it as well.
#if __has_include(<nlohmann/detail/input/lexer.hpp>)
#include <nlohmann/detail/input/input_adapters.hpp>
#include <nlohmann/detail/input/lexer.hpp>
#else
#include <nlohmann/json.hpp>
#endif

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/json_value.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

namespace detail {

/// The members of one object while it is read: finds a key that stands twice among a hundred thousand. Keys whose
/// hashes collide by intention make it sort instead.
class JsonMembers {
 public:
  /// Adds a member, or replaces the value of its key.
  void add(std::string key, Json value) {
    if (hashed_ && 2 * (members_.size() + 1) > slots_.size()) grow();
    std::int64_t* const slot = hashed_ ? slot_of(key) : nullptr;
    if (slot != nullptr && *slot != none) {
      members_[static_cast<std::size_t>(*slot)].value = std::move(value);
      return;
    }
    if (slot != nullptr) *slot = static_cast<std::int64_t>(members_.size());
    members_.push_back({std::move(key), std::move(value)});
  }

  Json finish() {
    if (!hashed_) merge_repeated();
    Json object = Json::object();
    object.items() = std::move(members_);
    return object;
  }

 private:
  static constexpr std::int64_t none = -1;
  static constexpr int most_probes = 256;  // at most half of the slots are taken, so chance needs some ten

  /// Where the key is, or has its place; nullptr if that takes too long to find.
  std::int64_t* slot_of(std::string_view key) {
    std::size_t at = std::hash<std::string_view>{}(key) % slots_.size();
    for (int probes = 0; slots_[at] != none && members_[static_cast<std::size_t>(slots_[at])].key != key; ++probes) {
      if (probes == most_probes) {
        hashed_ = false;
        return nullptr;
      }
      at = (at + 1) % slots_.size();
    }
    return &slots_[at];
  }

  void grow() {
    slots_ = std::vector<std::int64_t>(std::max<std::size_t>(16, 4 * slots_.size()), none);
    for (std::size_t i = 0; i < members_.size(); ++i) {
      std::int64_t* const slot = slot_of(members_[i].key);
      if (slot == nullptr) return;
      *slot = static_cast<std::int64_t>(i);
    }
  }

  /// Gives the first member of each key the last value, and removes the others.
  void merge_repeated() {
    const auto order = argsort(members_.size(), [m = members_.data()](auto a, auto b) { return m[a].key < m[b].key; });
    std::vector<bool> repeated(members_.size());
    for (std::size_t i = 0; i < order.size();) {
      Json::Member& first = members_[static_cast<std::size_t>(order[i])];
      for (++i; i < order.size(); ++i) {
        Json::Member& next = members_[static_cast<std::size_t>(order[i])];
        if (next.key != first.key) break;
        first.value = std::move(next.value);
        repeated[static_cast<std::size_t>(order[i])] = true;
      }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (repeated[i]) continue;
      if (kept != i) members_[kept] = std::move(members_[i]);
      ++kept;
    }
    members_.resize(kept);
  }

  Json::Object members_;
  std::vector<std::int64_t> slots_;  // numbers of members, at the hashes of their keys or behind
  bool hashed_ = true;
};

/// Takes one member of the outermost object; see parse_json_members().
using TakeMember = std::function<void(std::string key, Json value)>;

/// Reads one document: nlohmann's lexer splits the text into tokens, and what is not JSON is said here.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::string_view where, std::size_t first_byte)
      : text_(text),
        where_(where),
        first_byte_(first_byte),
        masked_(mask_literals(text)),
        lexer_(masked_.empty() ? Input(text.data(), text.data() + text.size())
                               : Input(masked_.data(), masked_.data() + masked_.size())) {}

  /// With `take`, the members of the outermost object go there as they are read and are not kept.
  Json read(const TakeMember* take = nullptr) {
    take_ = take;
    const std::size_t zero = text_.find('\0');  // the lexer takes it for the end
    if (zero != std::string_view::npos) fail_at(zero, "JSON in UTF-8", "a NUL byte");
    Json root = value(lexer_.scan(), 0);
    expect(lexer_.scan(), Token::end_of_input);
    return root;
  }

 private:
  /// The types that the lexer gives numbers and strings.
  struct Types {
    using number_integer_t = std::int64_t;
    using number_unsigned_t = std::uint64_t;
    using number_float_t = double;
    using string_t = std::string;
  };
  using Input = nlohmann::detail::iterator_input_adapter<const char*>;
  using Lexer = nlohmann::detail::lexer<Types, Input>;
  using Token = Lexer::token_type;
  static constexpr int max_depth = 500;
  static constexpr std::int64_t max_taken_values = 1'000'000;

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

  Json value(Token token, int depth) {
    switch (token) {
      case Token::literal_null: return nullptr;
      case Token::literal_true: return true;
      case Token::literal_false: return false;
      case Token::value_integer: return lexer_.get_number_integer();
      case Token::value_unsigned: return lexer_.get_number_unsigned();
      case Token::value_float: return number();
      case Token::value_string: return string();
      case Token::begin_array: return array(nested(depth));
      case Token::begin_object: return object(nested(depth));
      case Token::parse_error: unexpected(token, Token::uninitialized);
      default: unexpected(token, Token::literal_or_value);
    }
  }

  Json array(int depth) {
    Json::Array elements;
    Token token = lexer_.scan();
    if (token == Token::end_array) return elements;
    for (;; token = lexer_.scan()) {
      count();
      elements.push_back(value(token, depth));
      token = lexer_.scan();
      if (token == Token::value_separator) continue;
      expect(token, Token::end_array);
      return elements;
    }
  }

  Json object(int depth) {
    JsonMembers members;
    const bool taken = take_ != nullptr && depth == 1;
    Token token = lexer_.scan();
    if (token == Token::end_object) return members.finish();
    for (;; token = lexer_.scan()) {
      expect(token, Token::value_string);
      if (last_read() != '"') fail_at(offset(), "string literal", "a number");
      std::string key = std::move(lexer_.get_string());
      expect(lexer_.scan(), Token::name_separator);
      if (taken) {
        values_ = 0;
        (*take_)(std::move(key), value(lexer_.scan(), depth));
      } else {
        count();
        members.add(std::move(key), value(lexer_.scan(), depth));
      }
      token = lexer_.scan();
      if (token == Token::value_separator) continue;
      expect(token, Token::end_object);
      return members.finish();
    }
  }

  /// Bounds the memory of a member that is taken: a value of two bytes is one of 16 in memory, a member of 48.
  void count() {
    if (take_ != nullptr && ++values_ > max_taken_values)
      fail_at(offset(), join("at most ", max_taken_values, " values under one key"), "more");
  }

  Json number() {
    const double value = lexer_.get_number_float();
    if (detail::is_finite(value)) return value;
    const std::string text = lexer_.get_token_string();
    fail_at(offset() + 1 - text.size(), "a number in the range of a double", text.substr(0, 40));
  }

  Json string() {
    std::string& value = lexer_.get_string();
    constexpr std::string_view minus_infinity = "Infinit";  // the letters between two that became quotes
    switch (last_read()) {
      case '"': return std::move(value);
      case 'N': return std::numeric_limits<double>::quiet_NaN();
      default: return std::numeric_limits<double>::infinity() * (value == minus_infinity ? -1 : 1);
    }
  }

  int nested(int depth) const {
    if (depth == max_depth) fail_at(offset(), join("at most ", max_depth, " nested arrays and objects"), "more");
    return depth + 1;
  }

  void expect(Token token, Token expected) const {
    if (token != expected) unexpected(token, expected);
  }

  [[noreturn]] void unexpected(Token token, Token expected) const {
    std::string_view got = Lexer::token_type_name(token);
    std::string_view wanted = expected == Token::uninitialized ? "JSON" : Lexer::token_type_name(expected);
    if (token == Token::parse_error) {  // "invalid literal", "invalid number; expected digit after '-'"
      constexpr std::string_view separator = "; expected ";
      got = lexer_.get_error_message();
      const std::size_t split = got.find(separator);
      if (split != std::string_view::npos && expected == Token::uninitialized)
        wanted = got.substr(split + separator.size());
      got = got.substr(0, split);
    }
    fail_at(offset(), wanted, got);
  }

  /// The place of the last character that was read.
  std::size_t offset() const { return lexer_.get_position().chars_read_total - 1; }
  char last_read() const { return text_[offset()]; }

  [[noreturn]] void fail_at(std::size_t offset, std::string_view expected, std::string_view got) const {
    fail(ErrorCode::format, where_, ", byte ", first_byte_ + offset, ": expected ", expected, ", got ", got);
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t first_byte_;
  std::string masked_;
  Lexer lexer_;
  const TakeMember* take_ = nullptr;
  std::int64_t values_ = 0;  // in the member that is read, if members are taken
};

}  // namespace detail

/// Parses one JSON document. `where` names the source in errors ("config.json", "train.jsonl, line 3") and `first_byte`
/// is the place of `text` in it. Throws format with what was expected and the offset of the byte that did not fit.
inline Json parse_json(std::string_view text, std::string_view where, std::size_t first_byte = 0) {
  return detail::JsonReader(text, where, first_byte).read();
}

namespace detail {

/// Parses a document that should be an object and hands its members to `take` in the order of the text, also those of
/// keys that stand twice, so that no more than one is in memory; anything else comes back as parse_json() gives it.
/// Throws what parse_json() throws, and format for a member of more than a million values.
inline Json parse_json_members(std::string_view text, std::string_view where, std::size_t first_byte,
                               const TakeMember& take) {
  return JsonReader(text, where, first_byte).read(&take);
}

}  // namespace detail

/// A double as Python's repr writes it: shortest form that reads back the same, "2.0", "1e-05".
inline std::string python_float(double value) {
  if (detail::is_nan(value)) return "NaN";
  if (!detail::is_finite(value)) return value < 0 ? "-Infinity" : "Infinity";
  const double magnitude = std::abs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.begin(), buffer.end(), value,
                                     scientific ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(buffer.begin(), written.ptr);
  if (!scientific && text.find('.') == std::string::npos) text += ".0";
  return text;
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
  if (value.is_structured()) {
    const Json::Member* const members = value.is_object() ? value.items().data() : nullptr;
    const auto order = argsort(value.is_object() && style.sort_keys ? value.size() : 0,
                               [members](auto a, auto b) { return members[a].key < members[b].key; });
    out += value.is_object() ? '{' : '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += comma;
      new_line(level + 1);
      const auto place = order.empty() ? i : static_cast<std::size_t>(order[i]);
      if (value.is_object()) {
        append_json_string(out, members[place].key, style.ensure_ascii);
        out += style.compact ? ":" : ": ";
      }
      append_json(out, value.is_object() ? members[place].value : value[place], style, level + 1);
    }
    if (!value.empty()) new_line(level);
    out += value.is_object() ? '}' : ']';
  } else if (value.is_string()) {
    append_json_string(out, value.string(), style.ensure_ascii);
  } else if (value.is_number_float()) {
    out += python_float(value.get<double>());
  } else if (value.is_number_unsigned()) {
    out += std::to_string(value.get<std::uint64_t>());
  } else if (value.is_number_integer()) {
    out += std::to_string(value.get<std::int64_t>());
  } else {
    out += value.is_null() ? "null" : value.get<bool>() ? "true" : "false";
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

/// Prints a value on one line. A template, so that it prints nothing that could be made a Json.
template <std::same_as<Json> Value> std::ostream& operator<<(std::ostream& out, const Value& value) {
  return out << dump_json(value, {.indent = -1, .sort_keys = false});
}

}  // namespace tl
