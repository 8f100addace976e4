// CSV files of the common form, read block by block: UTF-8, as many fields in each record as in the header, quotes
// where they belong. csv.hpp says what is read; what this reader cannot read, the reader there decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/data/column.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/data/scan.hpp>
#include <tl/data/table_blocks.hpp>

namespace tl::detail {

/// The kind of a column whose cells so far are this one. Texts of numbers that have another kind, too, are the first.
inline CellKind csv_kind(std::string_view text) {
  std::int64_t integer = 0;
  double decimal = 0;
  if (parse_integer(text, integer)) return CellKind::integer;
  if (parse_decimal(text, decimal)) return CellKind::decimal;
  return parse_bool(text, integer) ? CellKind::boolean : CellKind::text;
}

/// The kind of a column that was of one kind and has a cell of another: whole numbers are decimal numbers as well.
inline CellKind wider_csv_kind(CellKind kind, std::string_view text) {
  double decimal = 0;
  return kind == CellKind::integer && parse_decimal(text, decimal) ? CellKind::decimal : CellKind::text;
}

/// Reads the records of blocks into columns whose kinds are known.
class CsvBlockReader : public BlockReader {
 public:
  CsvBlockReader(std::unique_ptr<ByteSource> source, char delimiter, bool quotes, const BlockSizes& sizes)
      : BlockReader(std::move(source), sizes), delimiter_(delimiter), quotes_(quotes) {}

  /// The text in memory, of which the header is the beginning.
  std::string_view text() const { return window().text(); }
  bool at_end() const { return window().at_end(); }
  using BlockReader::grow;

  /// The records begin after so many bytes and lines.
  void begin(std::size_t bytes, std::int64_t lines) { skip(bytes, lines); }
  /// The kinds of all fields of a record.
  void set_kinds(std::vector<CellKind> kinds) {
    kinds_ = std::move(kinds);
    BlockReader::set_kinds(kinds_);
  }

  /// Up to the end of the last line that holds more than delimiters and blanks: lines of these are rows only if
  /// another row comes after them.
  std::size_t end_of_records(std::string_view text, bool) const override {
    std::size_t end = text.size();
    while (end > 0 &&
           (text[end - 1] == delimiter_ || text[end - 1] == '\n' || text[end - 1] == '\r' || is_blank(text[end - 1])))
      --end;
    if (end == 0) return 0;
    const std::size_t line_end = text.find_first_of("\r\n", end);
    return line_end == std::string_view::npos ? text.size() : line_end;
  }

 protected:
  bool quotes() const override { return quotes_; }

  void read(TableBlock& block, const char* end, bool at_end) const override {
    Cursor cursor{block.begin, end, 0, at_end};
    std::string scratch;
    for (;;) {
      skip_blank_lines(cursor, block.limit);
      block.stop = cursor.at;
      block.line_count = cursor.line;
      if (cursor.at >= block.limit || cursor.at == end) break;
      const Cursor first = cursor;
      const Got got = read_record(block, cursor, scratch);
      if (got == Got::part) break;
      if (got == Got::refused) block.state = TableBlock::State::refused;
      if (got != Got::record) return;
      block.lines.push_back(first.line);
    }
    drop_part(block);
    if (!block.check_text()) block.state = TableBlock::State::refused;
  }

 private:
  struct Cursor {
    const char* at;
    const char* end;
    std::int64_t line;
    bool at_end;  // of the file, not only of the window
  };
  enum class Got { record, part, wider, refused };

  bool is_blank(char c) const { return c != delimiter_ && (c == ' ' || c == '\t'); }

  /// Lines of the next block are left to it.
  void skip_blank_lines(Cursor& cursor, const char* limit) const {
    while (cursor.at < limit) {
      const char* at = cursor.at;
      while (at != cursor.end && is_blank(*at)) ++at;
      if (at == cursor.end) {
        if (cursor.at_end) cursor.at = at;
        return;
      }
      if (*at != '\n' && *at != '\r') return;
      const char* const line_end = after_line_break(at, cursor);
      if (line_end == nullptr) return;
      cursor.at = line_end;
      ++cursor.line;
    }
  }

  /// Behind the line break here; null if it may go on after the window.
  static const char* after_line_break(const char* at, const Cursor& cursor) {
    if (*at == '\n') return at + 1;
    if (at + 1 == cursor.end) return cursor.at_end ? at + 1 : nullptr;
    return at + (at[1] == '\n' ? 2 : 1);
  }

  Got read_record(TableBlock& block, Cursor& cursor, std::string& scratch) const {
    for (std::size_t field = 0;; ++field) {
      if (field == kinds_.size()) return Got::refused;
      std::string_view text;
      const Got got = quotes_ && cursor.at != cursor.end && *cursor.at == '"' ? quoted_field(cursor, text, scratch)
                                                                              : plain_field(cursor, text);
      if (got != Got::record) return got;
      if (!add(block, block.columns[field], text)) {
        block.state = TableBlock::State::wider;
        block.wider_column = field;
        block.wider_text = text;
        return Got::wider;
      }
      if (cursor.at != cursor.end && *cursor.at == delimiter_) {
        ++cursor.at;
        continue;
      }
      if (cursor.at == cursor.end && !cursor.at_end) return Got::part;
      if (cursor.at != cursor.end) {
        const char* const next = after_line_break(cursor.at, cursor);
        if (next == nullptr) return Got::part;
        cursor.at = next;
        ++cursor.line;
      }
      return field + 1 == kinds_.size() ? Got::record : Got::refused;
    }
  }

  Got plain_field(Cursor& cursor, std::string_view& text) const {
    const char* const end = find_any(cursor.at, cursor.end, delimiter_, '\n', '\r');
    if (end == cursor.end && !cursor.at_end) return Got::part;
    text = {cursor.at, static_cast<std::size_t>(end - cursor.at)};
    cursor.at = end;
    return Got::record;
  }

  Got quoted_field(Cursor& cursor, std::string_view& text, std::string& scratch) const {
    bool in_scratch = false;
    const char* begin = ++cursor.at;
    for (;;) {
      const char* const at = find_any(cursor.at, cursor.end, '"', '\n', '\r');
      if (at == cursor.end) return cursor.at_end ? Got::refused : Got::part;
      if (*at != '"') {
        cursor.at = after_line_break(at, cursor);
        if (cursor.at == nullptr) return Got::part;
        ++cursor.line;
        continue;
      }
      cursor.at = at + 1;
      if (cursor.at == cursor.end && !cursor.at_end) return Got::part;
      const bool doubled = cursor.at != cursor.end && *cursor.at == '"';
      if (!doubled && !in_scratch) {
        text = {begin, static_cast<std::size_t>(at - begin)};
      } else {
        if (!in_scratch) scratch.clear();
        in_scratch = true;
        scratch.append(begin, at + (doubled ? 1 : 0));
        text = scratch;
      }
      if (!doubled) break;
      begin = ++cursor.at;
    }
    const bool ends = cursor.at == cursor.end || *cursor.at == delimiter_ || *cursor.at == '\n' || *cursor.at == '\r';
    return ends ? Got::record : Got::refused;
  }

  /// Adds a cell; false for one that is not of the column's kind.
  static bool add(TableBlock& block, CellColumn& column, std::string_view text) {
    switch (column.kind) {
      case CellKind::skipped: return true;
      case CellKind::integer: return parse_integer(text, column.integers.emplace_back());
      case CellKind::boolean: return parse_bool(text, column.integers.emplace_back());
      case CellKind::decimal: return parse_decimal(text, column.decimals.emplace_back());
      default: block.add_text(column, text); return true;
    }
  }

  /// Takes away the cells of a record of which the window has only the beginning.
  static void drop_part(TableBlock& block) {
    const std::size_t rows = block.lines.size();
    for (CellColumn& column : block.columns) {
      if (column.texts.size() > rows) column.texts.resize(rows);
      if (column.integers.size() > rows) column.integers.resize(rows);
      if (column.decimals.size() > rows) column.decimals.resize(rows);
    }
  }

  char delimiter_;
  bool quotes_;
  std::vector<CellKind> kinds_;
};

}  // namespace tl::detail
