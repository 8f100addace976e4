// YAML as the heads of model and data set cards are written: block and flow mappings and sequences, plain, quoted and
// block scalars, comments. Scalars without quotes are what YAML 1.1 says they are, as for Python's yaml.safe_load: "no"
// is false, "010" is 8 (but "1:30" stays a text). Anchors, tags, complex keys and several documents are refused with
// their line.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/io/json.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

namespace detail {

/// The value of a scalar without quotes.
class YamlScalar {
 public:
  explicit YamlScalar(std::string_view text) : text_(text) {}

  Json value() const {
    if (is_one_of({"", "~", "null", "Null", "NULL"})) return {};
    if (is_one_of({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
    if (is_one_of({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) return false;
    if (const auto whole = integer()) return *whole;
    if (const auto real = number()) return *real;
    return std::string(text_);
  }

 private:
  bool is_one_of(std::initializer_list<std::string_view> words) const {
    return std::find(words.begin(), words.end(), text_) != words.end();
  }

  /// The text without a sign and without the underscores between digits; whether it is negative.
  std::pair<std::string, bool> digits() const {
    std::string text(text_);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.erase(0, 1);
    const bool begins = !text.empty() && text[0] != '_';
    if (begins) std::erase(text, '_');
    return {std::move(text), negative};
  }

  std::optional<Json> integer() const {
    auto [text, negative] = digits();
    int base = 10;
    if (text.starts_with("0x")) base = 16;
    else if (text.starts_with("0b")) base = 2;
    else if (text.size() > 1 && text[0] == '0') base = 8;
    if (base == 16 || base == 2) text.erase(0, 2);
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    if (const auto read = std::from_chars(text.data(), end, value, base);
        text.empty() || read.ec != std::errc{} || read.ptr != end ||
        value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return std::nullopt;
    return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  }

  std::optional<Json> number() const {
    const auto [text, negative] = digits();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (text == ".inf" || text == ".Inf" || text == ".INF") return negative ? -infinity : infinity;
    if (is_one_of({".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
    if (text.starts_with('.') && text.size() < text_.size()) return std::nullopt;  // "-.5" is a text
    // YAML 1.1 wants a point, and a sign in the exponent: "1e5" is a text.
    const std::size_t point = text.find('.'), exponent = text.find_first_of("eE");
    if (point == std::string::npos || (exponent != std::string::npos && exponent < point)) return std::nullopt;
    if (text.find_first_not_of("0123456789.eE+-") != std::string::npos) return std::nullopt;
    if (exponent != std::string::npos &&
        (exponent + 1 == text.size() || (text[exponent + 1] != '+' && text[exponent + 1] != '-')))
      return std::nullopt;
    double value = 0;
    std::string plain = text;
    if (exponent != std::string::npos && text[exponent + 1] == '+') plain.erase(exponent + 1, 1);
    const char* const end = plain.data() + plain.size();
    const auto read = std::from_chars(plain.data(), end, value);
    if (plain == "." || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return negative ? -value : value;
  }

  std::string_view text_;
};

/// Reads one document.
class YamlReader {
 public:
  YamlReader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  Json read() {
    const std::size_t bad = find_invalid_utf8(text_);
    if (bad != std::string::npos)
      fail_at(bad, "expected UTF-8, got byte ", int{static_cast<unsigned char>(text_[bad])});
    skip_to_content();
    Json value = node(-1, 0);
    skip_to_content();
    if (at_ < text_.size()) fail_here("expected the end, or a key in the column of the others");
    return value;
  }

 private:
  static constexpr int most_levels = 64;

  template <class... Parts> [[noreturn, gnu::cold]] void fail_at(std::size_t at, const Parts&... parts) const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(at, text_.size()));
    fail(ErrorCode::format, where_, ", line ", 1 + std::count(text_.begin(), end, '\n'), ": ", parts...);
  }

  [[noreturn, gnu::cold]] void fail_here(std::string_view expected) const {
    const std::size_t end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    fail_at(at_, expected, ", got \"", text_.substr(at_, std::min<std::size_t>(end - at_, 60)), "\"");
  }

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  bool blank_at(std::size_t ahead) const { return is_space(peek(ahead)) || is_break(peek(ahead)); }
  static bool is_space(char c) { return c == ' ' || c == '\t'; }
  static bool is_break(char c) { return c == '\n' || c == '\r'; }

  std::ptrdiff_t column(std::size_t at) const {
    const std::size_t line = at == 0 ? std::string::npos : text_.rfind('\n', at - 1);
    return static_cast<std::ptrdiff_t>(line == std::string::npos ? at : at - line - 1);
  }
  std::ptrdiff_t column() const { return column(at_); }

  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  /// Goes to the next character that is neither blank nor in a comment.
  void skip_to_content() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool begins = at_ == 0 || is_space(text_[at_ - 1]) || is_break(text_[at_ - 1]);
      if (is_space(c) || is_break(c)) ++at_;
      else if (c == '#' && begins) at_ = std::min(text_.find('\n', at_), text_.size());
      else break;
    }
  }

  bool at_line_end() {
    skip_spaces();
    return at_ >= text_.size() || is_break(text_[at_]) || (text_[at_] == '#' && at_ > 0 && is_space(text_[at_ - 1]));
  }

  /// What stands here, right of the column `parent`; null if nothing does.
  Json node(std::ptrdiff_t parent, int level) {
    if (level > most_levels) fail_here("expected at most 64 levels");
    if (at_ >= text_.size() || column() <= parent) return {};
    check_indentation();
    if (peek() == '-' && blank_at(1)) return sequence(column(), level);
    if (is_key()) return mapping(column(), level);
    return scalar_or_flow(parent, level);
  }

  /// Only blanks count for columns.
  void check_indentation() const {
    const auto begin = at_ - static_cast<std::size_t>(column());
    const std::string_view before = text_.substr(begin, at_ - begin);
    if (const auto tab = before.find('\t');
        tab != std::string_view::npos && before.find_first_not_of(" \t-") == std::string_view::npos)
      fail_at(begin, "expected blanks before the first word of the line, got a tab");
  }

  Json sequence(std::ptrdiff_t own, int level) {
    Json list = Json::array();
    while (at_ < text_.size() && column() == own && peek() == '-' && blank_at(1)) {
      ++at_;
      skip_to_content();
      list.push_back(node(own, level + 1));
      skip_to_content();
    }
    if (at_ < text_.size() && column() > own) fail_here("expected \"- \" in the column of the others");
    return list;
  }

  Json mapping(std::ptrdiff_t own, int level) {
    Json object = Json::object();
    while (at_ < text_.size() && column() == own && is_key()) {
      const std::size_t begin = at_;
      const std::string name = key();
      if (find_member(object, name) != nullptr) fail_at(begin, "expected every key once, got \"", name, "\" twice");
      Json& value = object[name];
      if (at_line_end()) {
        skip_to_content();
        const bool list = at_ < text_.size() && column() == own && peek() == '-' && blank_at(1);
        value = list ? sequence(own, level + 1) : node(own, level + 1);
      } else if (peek() == '-' && blank_at(1)) {
        fail_here("expected a value, or a list on lines of its own");
      } else {
        value = scalar_or_flow(own, level + 1);
      }
      skip_to_content();
    }
    if (at_ < text_.size() && column() > own) fail_here("expected a key in the column of the others");
    return object;
  }

  /// Whether a key and a colon stand here.
  bool is_key() {
    const std::size_t begin = at_;
    const std::size_t line_end = std::min(text_.find('\n', at_), text_.size());
    bool found = false;
    if (peek() == '"' || peek() == '\'') {
      (void)quoted();
      skip_spaces();
      found = at_ < line_end && peek() == ':' && blank_at(1);
    } else if (peek() != '[' && peek() != '{') {
      for (std::size_t at = begin; at < line_end && !found; ++at) {
        if (text_[at] == '#' && at > begin && is_space(text_[at - 1])) break;
        found = text_[at] == ':' && (at + 1 >= text_.size() || is_space(text_[at + 1]) || is_break(text_[at + 1]));
      }
    }
    at_ = begin;
    return found;
  }

  /// Reads a key and its colon.
  std::string key() {
    std::string name;
    if (peek() == '"' || peek() == '\'') {
      name = quoted();
      skip_spaces();
    } else {
      check_plain();
      const std::size_t begin = at_;
      while (!(peek() == ':' && blank_at(1))) ++at_;
      name = text_.substr(begin, at_ - begin);
      while (!name.empty() && is_space(name.back())) name.pop_back();
    }
    ++at_;
    return name;
  }

  /// Refuses what begins with a character that means something else than itself.
  void check_plain() const {
    const char c = peek();
    if (c == '&' || c == '*' || c == '!') fail_here("expected a value without an anchor, an alias or a tag");
    if (c == '%' || c == '@' || c == '`') fail_here("expected a value that begins with another character, or quotes");
    if (c == '?' && blank_at(1)) fail_here("expected a key on one line");
    if (c == ']' || c == '}' || c == ',') fail_here("expected a value");
  }

  Json scalar_or_flow(std::ptrdiff_t parent, int level) {
    if (peek() == '[' || peek() == '{') {
      Json value = flow(level);
      if (!at_line_end()) fail_here("expected the end of the line");
      return value;
    }
    if (peek() == '"' || peek() == '\'') {
      Json value = quoted();
      if (!at_line_end()) fail_here("expected the end of the line");
      return value;
    }
    if (peek() == '|' || peek() == '>') return block_scalar(parent);
    return YamlScalar(plain(parent)).value();
  }

  /// A scalar without quotes, whose further lines are right of the column `parent`.
  std::string plain(std::ptrdiff_t parent) {
    check_plain();
    std::string value(plain_line());
    for (;;) {
      const std::size_t end = at_;
      if (!at_line_end() || peek() == '#') break;
      std::size_t breaks = 0;
      while (at_ < text_.size() && (is_space(text_[at_]) || is_break(text_[at_])))
        breaks += text_[at_++] == '\n' ? 1 : 0;
      const bool goes_on = at_ < text_.size() && breaks > 0 && column() > parent && peek() != '#';
      if (!goes_on) {
        at_ = end;
        break;
      }
      if (is_key()) fail_here("expected the value to go on, or a key in the column of the others");
      value += breaks > 1 ? std::string(breaks - 1, '\n') : " ";
      value += plain_line();
    }
    return value;
  }

  std::string_view plain_line() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_break(text_[at_])) {
      if (text_[at_] == '#' && is_space(text_[at_ - 1])) break;
      if (text_[at_] == ':' && blank_at(1)) fail_here("expected no colon and blank in a value without quotes");
      ++at_;
    }
    std::string_view line = text_.substr(begin, at_ - begin);
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    at_ = begin + line.size();
    return line;
  }

  /// A text in quotes; a line break in it is a blank, several are one fewer.
  std::string quoted() {
    const char quote = text_[at_];
    const std::size_t begin = at_++;
    std::string value;
    for (;;) {
      if (at_ >= text_.size()) fail_at(begin, "expected a closing quote, got the end");
      const char c = text_[at_++];
      if (c == quote) {
        if (quote == '"' || peek() != quote) return value;
        value += quote;
        ++at_;
      } else if (c == '\\' && quote == '"') {
        escape(value);
      } else if (is_break(c)) {
        --at_;
        while (!value.empty() && is_space(value.back())) value.pop_back();
        value += folded_breaks();
      } else {
        value += c;
      }
    }
  }

  std::string folded_breaks() {
    std::size_t breaks = 0;
    while (at_ < text_.size() && (is_space(text_[at_]) || is_break(text_[at_]))) breaks += text_[at_++] == '\n' ? 1 : 0;
    return breaks > 1 ? std::string(breaks - 1, '\n') : " ";
  }

  /// What follows a backslash in double quotes.
  void escape(std::string& value) {
    constexpr std::string_view names = "0abtnvfre \"/\\\t";
    constexpr char meant[] = "\0\a\b\t\n\v\f\r\x1b \"/\\\t";
    const char c = peek();
    const std::size_t length = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    ++at_;
    if (length > 0) {
      std::uint32_t code = 0;
      const std::string_view digits = text_.substr(std::min(at_, text_.size()), length);
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      if (digits.size() < length || read.ptr != digits.data() + length || code > 0x10FFFF ||
          (code >= 0xD800 && code < 0xE000))
        fail_at(at_ - 1, "expected ", length, " hexadecimal digits of a character after \"\\", c, "\", got \"", digits,
                "\"");
      append_utf8(value, code);
      at_ += length;
    } else if (is_break(c)) {
      if (c == '\r' && peek() == '\n') ++at_;
      skip_spaces();
    } else if (c == '_') {
      append_utf8(value, 0xa0);
    } else if (const auto found = names.find(c); found != std::string_view::npos) {
      value += meant[found];
    } else {
      fail_at(at_ - 1, "expected an escape such as \\n or \\\", got \"\\", c, "\"");
    }
  }

  /// The lines of "|", or of ">" with blanks for single breaks.
  std::string block_scalar(std::ptrdiff_t parent) {
    const bool folds = text_[at_++] == '>';
    char chomp = ' ';
    std::ptrdiff_t indent = 0;
    for (; !is_space(peek()) && !is_break(peek()); ++at_) {
      if (peek() == '-' || peek() == '+') chomp = peek();
      else if (peek() >= '1' && peek() <= '9') indent = std::max<std::ptrdiff_t>(parent, 0) + (peek() - '0');
      else fail_here("expected a text in lines of its own after \"|\" or \">\"");
    }
    if (!at_line_end()) fail_here("expected the end of the line after \"|\" or \">\"");
    at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
    std::string value;
    bool was_deep = true;  // a line that is not folded into the next
    std::size_t empty = 0;
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      if (line.ends_with('\r')) line.remove_suffix(1);
      const auto spaces = static_cast<std::ptrdiff_t>(std::min(line.find_first_not_of(' '), line.size()));
      const bool is_empty = spaces == static_cast<std::ptrdiff_t>(line.size());
      if (!is_empty && indent == 0) indent = spaces;
      if (!is_empty && (spaces < indent || spaces <= parent)) break;
      at_ = std::min(end + 1, text_.size());
      if (is_empty) {
        ++empty;
        continue;
      }
      line.remove_prefix(static_cast<std::size_t>(indent));
      const bool deep = is_space(line.front());
      if (!value.empty() && folds && !deep && !was_deep) value += empty > 0 ? std::string(empty, '\n') : " ";
      else value += std::string(empty + (value.empty() ? 0 : 1), '\n');
      value += line;
      was_deep = deep;
      empty = 0;
    }
    if (chomp != '-' && !value.empty()) value += '\n';
    if (chomp == '+') value += std::string(empty, '\n');
    return value;
  }

  /// A list in brackets or a mapping in braces, over any number of lines.
  Json flow(int level) {
    if (level > most_levels) fail_here("expected at most 64 levels");
    const std::size_t begin = at_;
    const bool is_list = text_[at_++] == '[';
    const char close = is_list ? ']' : '}';
    Json value = is_list ? Json::array() : Json::object();
    for (;;) {
      skip_to_content();
      if (at_ >= text_.size()) fail_at(begin, "expected a closing ", close, ", got the end");
      if (peek() == close) break;
      if (is_list) {
        value.push_back(flow_value(level));
      } else {
        const std::size_t name_begin = at_;
        const std::string name = peek() == '"' || peek() == '\'' ? quoted() : std::string(flow_plain());
        skip_to_content();
        if (find_member(value, name) != nullptr)
          fail_at(name_begin, "expected every key once, got \"", name, "\" twice");
        Json& member = value[name];
        if (peek() == ':') {
          ++at_;
          skip_to_content();
          if (peek() != ',' && peek() != close) member = flow_value(level);
        }
      }
      skip_to_content();
      if (peek() == ',') ++at_;
      else if (peek() != close) fail_here(is_list ? "expected a comma or ]" : "expected a comma or }");
    }
    ++at_;
    return value;
  }

  Json flow_value(int level) {
    if (peek() == '[' || peek() == '{') return flow(level + 1);
    if (peek() == '"' || peek() == '\'') return quoted();
    return YamlScalar(flow_plain()).value();
  }

  std::string_view flow_plain() {
    check_plain();
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_break(text_[at_])) {
      const char c = text_[at_];
      if (c == ',' || c == '[' || c == ']' || c == '{' || c == '}') break;
      if (c == ':' && (blank_at(1) || peek(1) == ',' || peek(1) == ']' || peek(1) == '}')) break;
      if (c == '#' && at_ > begin && is_space(text_[at_ - 1])) break;
      ++at_;
    }
    std::string_view word = text_.substr(begin, at_ - begin);
    while (!word.empty() && is_space(word.back())) word.remove_suffix(1);
    if (word.empty()) fail_here("expected a value");
    return word;
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// The value of a YAML document, as JSON whose keys keep their order. `where` begins the sentences of errors. Throws
/// format with the line of what is no YAML, of a repeated key, or of an anchor or a tag, which are not read.
inline Json parse_yaml(std::string_view text, std::string_view where) { return detail::YamlReader(text, where).read(); }

}  // namespace tl
