// JSON lines of the common form, read block by block: UTF-8, one object per line, the same keys in each of them, and
// texts, numbers, booleans or lists of texts or whole numbers under them. json_lines.hpp says what is read; what this
// reader cannot read, the reader there decides.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/data/column.hpp>
#include <tl/data/scan.hpp>
#include <tl/data/table_blocks.hpp>
#include <tl/io/utf8.hpp>

namespace tl::detail {

/// The keys that a row has, and what is done with the value of each.
struct JsonBlockKey {
  std::string name;
  CellKind kind = CellKind::text;
  bool as_text = false;  // numbers and booleans become texts
};

/// Steps through the tokens of a line of JSON. A function that returns false has found something that is no JSON, or
/// is for the reader of whole texts.
class JsonCursor {
 public:
  JsonCursor(const char* at, const char* end) : at_(at), end_(end) {}

  bool at_end() const { return at_ == end_; }

  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  /// Whether this character comes next; steps over it then.
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool next_is(char c) const { return at_ != end_ && *at_ == c; }

  /// A string; `text` is in the line, or in `scratch` if it has escapes.
  bool string(std::string_view& text, std::string& scratch) {
    if (!take('"')) return false;
    const char* begin = at_;
    at_ = find_json_special(at_, end_);
    if (at_ == end_) return false;
    if (*at_ == '"') {
      text = {begin, static_cast<std::size_t>(at_++ - begin)};
      return true;
    }
    scratch.clear();
    for (;;) {
      scratch.append(begin, at_);
      if (at_ == end_ || static_cast<unsigned char>(*at_) < 0x20) return false;
      if (*at_++ == '"') break;
      if (!escape(scratch)) return false;
      begin = at_;
      at_ = find_json_special(at_, end_);
    }
    text = scratch;
    return true;
  }

  /// A number as JSON writes it, and whether it is whole.
  bool number(std::string_view& digits, bool& whole) {
    const char* const begin = at_;
    (void)take('-');
    if (!take('0') && !skip_digits()) return false;
    whole = true;
    if (take('.')) {
      whole = false;
      if (!skip_digits()) return false;
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) (void)take('-');
      if (!skip_digits()) return false;
    }
    digits = {begin, static_cast<std::size_t>(at_ - begin)};
    return true;
  }

 private:
  bool skip_digits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != begin;
  }

  /// What comes after a backslash.
  bool escape(std::string& to) {
    if (at_ == end_) return false;
    constexpr std::string_view names = "\"\\/bfnrt", characters = "\"\\/\b\f\n\r\t";
    const char c = *at_++;
    if (const std::size_t known = names.find(c); known != std::string_view::npos) {
      to += characters[known];
      return true;
    }
    std::uint32_t code = 0, low = 0;
    if (c != 'u' || !hexadecimal(code) || (code >= 0xdc00 && code < 0xe000)) return false;
    if (code >= 0xd800 && code < 0xdc00) {
      if (!take('\\') || !take('u') || !hexadecimal(low) || low < 0xdc00 || low >= 0xe000) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(to, code);
    return true;
  }

  bool hexadecimal(std::uint32_t& code) {
    if (end_ - at_ < 4) return false;
    const auto [end, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc{} || end != at_ + 4) return false;
    at_ += 4;
    return true;
  }

  const char* at_;
  const char* end_;
};

/// Reads the lines of blocks into columns whose kinds are known.
class JsonBlockReader : public BlockReader {
 public:
  JsonBlockReader(std::unique_ptr<ByteSource> source, const BlockSizes& sizes)
      : BlockReader(std::move(source), sizes) {}

  /// The text in memory.
  std::string_view text() const { return window().text(); }
  bool at_end() const { return window().at_end(); }
  using BlockReader::grow;

  /// The keys of all rows; with `others` there may be more, which are not read.
  void set_keys(std::vector<JsonBlockKey> keys, bool others) {
    keys_ = std::move(keys);
    others_ = others;
    std::vector<CellKind> kinds;
    for (const JsonBlockKey& key : keys_) kinds.push_back(key.kind);
    set_kinds(kinds);
  }

 protected:
  bool quotes() const override { return false; }  // no line break is in quotes

  std::size_t end_of_records(std::string_view text, bool at_end) const override {
    return at_end ? text.size() : text.rfind('\n') + 1;  // 0 if there is none
  }

  void read(TableBlock& block, const char*, bool) const override {
    Scratch scratch;
    while (block.stop != block.limit) {
      const auto left = static_cast<std::size_t>(block.limit - block.stop);
      const auto* const line_break = static_cast<const char*>(std::memchr(block.stop, '\n', left));
      const char* const end = line_break != nullptr ? line_break : block.limit;
      JsonCursor line(block.stop, end);
      line.skip_blanks();
      if (!line.at_end()) {
        if (!read_row(block, line, scratch)) {
          if (block.state == TableBlock::State::read) block.state = TableBlock::State::refused;
          return;
        }
        block.lines.push_back(block.line_count);
      }
      block.stop = line_break != nullptr ? line_break + 1 : end;
      block.line_count += line_break != nullptr ? 1 : 0;
    }
    if (!block.check_text() || block.nul_count > 0) block.state = TableBlock::State::refused;
  }

 private:
  struct Scratch {
    std::string key, text, element;
  };

  /// A line that is not empty.
  bool read_row(TableBlock& block, JsonCursor& line, Scratch& scratch) const {
    const std::size_t row = block.lines.size();
    std::size_t known = 0, expected = 0;
    if (!line.take('{')) return false;
    for (bool first = true;; first = false) {
      line.skip_blanks();
      if (first && line.take('}')) break;
      std::string_view name;
      if (!line.string(name, scratch.key)) return false;
      line.skip_blanks();
      if (!line.take(':')) return false;
      line.skip_blanks();
      const std::size_t key = find_key(name, expected);
      expected = key + 1;
      if (key == keys_.size() && !others_) return false;
      if (key < keys_.size() && (filled(block.columns[key]) != row || ++known > keys_.size())) return false;
      if (!(key == keys_.size() ? skip_value(line, scratch) : read_value(block, key, line, scratch))) return false;
      line.skip_blanks();
      if (line.take('}')) break;
      if (!line.take(',')) return false;
    }
    line.skip_blanks();
    return known == keys_.size() && line.at_end();
  }

  /// The number of a key, which is likely the one after the last; that of keys if there is none of that name.
  std::size_t find_key(std::string_view name, std::size_t likely) const {
    if (likely < keys_.size() && keys_[likely].name == name) return likely;
    std::size_t i = 0;
    while (i < keys_.size() && keys_[i].name != name) ++i;
    return i;
  }

  static std::size_t filled(const CellColumn& column) {
    switch (column.kind) {
      case CellKind::integer:
      case CellKind::boolean: return column.integers.size();
      case CellKind::decimal: return column.decimals.size();
      case CellKind::text_list: return column.text_lists.size();
      case CellKind::integer_list: return column.integer_lists.size();
      default: return column.texts.size();
    }
  }

  /// Skips a value of one token, of a key that is not read.
  static bool skip_value(JsonCursor& line, Scratch& scratch) {
    std::string_view text;
    bool whole = false;
    if (line.next_is('"')) return line.string(text, scratch.text);
    if (line.take_word("true") || line.take_word("false") || line.take_word("null")) return true;
    double value = 0;
    return line.number(text, whole) && (whole ? text.size() <= 18 : decimal(text, whole, value));
  }

  bool read_value(TableBlock& block, std::size_t key, JsonCursor& line, Scratch& scratch) const {
    CellColumn& column = block.columns[key];
    std::string_view text;
    bool whole = false;
    switch (column.kind) {
      case CellKind::boolean: return boolean(line, column.integers.emplace_back());
      case CellKind::text_list: return text_list(line, scratch, column.text_lists.emplace_back());
      case CellKind::integer_list: return integer_list(line, column.integer_lists.emplace_back());
      case CellKind::decimal: return line.number(text, whole) && decimal(text, whole, column.decimals.emplace_back());
      case CellKind::integer:
        if (!line.number(text, whole)) return false;
        if (whole) return integer(text, column.integers.emplace_back());
        block.state = TableBlock::State::wider;  // one number with a point makes all of them decimal
        block.wider_column = key;
        return false;
      default:
        if (!line.string(text, scratch.text))
          return keys_[key].as_text && scalar_text(line, column.texts.emplace_back());
        block.add_text(column, text);
        return true;
    }
  }

  static bool boolean(JsonCursor& line, std::int64_t& value) {
    value = line.take_word("true") ? 1 : 0;
    return value == 1 || line.take_word("false");
  }

  /// Not the longest ones, which may be out of range.
  static bool integer(std::string_view text, std::int64_t& value) {
    return text.size() <= 18 && std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
  }

  static bool decimal(std::string_view text, bool whole, double& value) {
    if (!whole) return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
    std::int64_t number = 0;  // "-0" is a whole number without a sign
    if (!integer(text, number)) return false;
    value = static_cast<double>(number);
    return true;
  }

  /// A number or boolean in a column of texts.
  static bool scalar_text(JsonCursor& line, std::string& text) {
    std::int64_t number = 0;
    if (boolean(line, number)) return text = number == 1 ? "True" : "False", true;
    std::string_view digits;
    bool whole = false;
    if (!line.number(digits, whole)) return false;
    double value = 0;
    if (!(whole ? integer(digits, number) : decimal(digits, whole, value))) return false;
    text = whole ? std::to_string(number) : python_text(value);
    return true;
  }

  /// Calls `element` at each element of a list.
  template <class Element> static bool list(JsonCursor& line, const Element& element) {
    if (!line.take('[')) return false;
    line.skip_blanks();
    if (line.take(']')) return true;
    for (;;) {
      line.skip_blanks();
      if (!element()) return false;
      line.skip_blanks();
      if (line.take(']')) return true;
      if (!line.take(',')) return false;
    }
  }

  static bool text_list(JsonCursor& line, Scratch& scratch, std::vector<std::string>& texts) {
    return list(line, [&] {
      std::string_view text;
      if (!line.string(text, scratch.element)) return false;
      texts.emplace_back(text);
      return true;
    });
  }

  static bool integer_list(JsonCursor& line, std::vector<std::int32_t>& numbers) {
    return list(line, [&] {
      std::string_view digits;
      bool whole = false;
      std::int64_t value = 0;
      if (!line.number(digits, whole) || !whole || !integer(digits, value)) return false;
      if (!std::in_range<std::int32_t>(value)) return false;
      numbers.push_back(static_cast<std::int32_t>(value));
      return true;
    });
  }

  std::vector<JsonBlockKey> keys_;
  bool others_ = false;
};

}  // namespace tl::detail
