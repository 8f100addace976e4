// JSON files as data sets, in the shapes that Python reads: objects one per line, over several lines or side by side,
// an array of objects, one of texts, any of these under a key (JsonOptions::field), and one object of columns. The
// first row decides the columns, and every row must have them all. Whole numbers make int64, one number with a point
// makes the column float64, truth values are 1 and 0; lists hold whole numbers, numbers or texts. The last of repeated
// keys counts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/text_file.hpp>
#include <tl/io/json.hpp>

namespace tl {

/// How a JSON file is read.
struct JsonOptions {
  std::vector<std::string> columns = {};       ///< read only these keys; empty: those of the first row
  std::vector<std::string> text_columns = {};  ///< keys of texts: numbers and truth values become texts, as str() does
  std::string encoding = "utf-8";              ///< or "utf-16", "latin-1", "cp1252"
  std::string field = {};                      ///< the key of the rows in a file that is one object; empty: no such key
};

namespace detail {

/// The rows of a JSON file with their places, turned into typed columns once all are known.
class JsonRows {
 public:
  /// `unit` is what a place counts: "line", or "object" of an array.
  JsonRows(std::string path, std::string_view unit, const JsonOptions& options)
      : places_{std::move(path), std::string(unit)},
        chosen_(!options.columns.empty()),
        names_(options.columns),
        texts_(options.text_columns.begin(), options.text_columns.end()) {
    add_columns();
  }

  void add(Json row, std::int64_t place) {
    if (!row.is_object()) fail(ErrorCode::format, where(place), ": expected an object, got ", row.type_name());
    if (places_.numbers.empty() && !chosen_) {
      names_ = names_of(row.items());
      add_columns();
    }
    if (chosen_) add_chosen(row, place);
    else add_all(row, place);
    places_.numbers.push_back(place);
  }

  Dataset finish() {
    Columns result;
    std::vector<std::string> truth_columns;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      result.push_back({names_[i], texts_.contains(names_[i]) ? ColumnValues(texts(i)) : typed(i)});
      const auto is_truth = [](const Json& cell) { return cell.is_boolean(); };
      const Json::Array& cells = columns_[i].elements();
      if (!cells.empty() && !texts_.contains(names_[i]) && std::all_of(cells.begin(), cells.end(), is_truth))
        truth_columns.push_back(names_[i]);
    }
    if (result.empty()) return {};
    return Dataset::from_columns(std::move(result), std::move(places_), truth_columns);
  }

  /// One object whose values are whole columns: lists, or objects with a value per row as pandas writes them.
  Dataset finish(Json&& columns) {
    if (!chosen_) {
      names_ = names_of(columns.items());
      add_columns();
    }
    std::size_t rows = 0;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      Json* const values = columns.find(names_[i]);
      if (values == nullptr) fail_missing(names_[i], columns, places_.file);
      if (!values->is_structured())
        fail(ErrorCode::format, places_.file, ", key ", names_[i], ": expected a list with a value per row, got ",
             values->type_name());
      columns_[i] = values_of(std::move(*values));
      if (i == 0) rows = columns_[i].size();
      if (columns_[i].size() != rows)
        fail(ErrorCode::format, places_.file, ", key ", names_[i], ": expected ", rows, " values as for the key ",
             names_[0], ", got ", columns_[i].size());
    }
    places_.unit = "row";
    for (std::size_t row = 1; row <= rows; ++row) places_.numbers.push_back(static_cast<std::int64_t>(row));
    return finish();
  }

  /// Whether an object that is alone in its file holds columns: the values of the keys of texts are lists.
  bool are_columns(const Json& object) const {
    bool any = false;
    for (const std::string& name : texts_) {
      const Json* const values = object.find(name);
      if (values == nullptr) continue;
      if (!values->is_structured()) return false;
      any = true;
    }
    return any;
  }

 private:
  enum class Kind { text, integer, number, empty_list, texts, integers, numbers };

  /// The cells of an object's chosen keys.
  void add_chosen(Json& row, std::int64_t place) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      Json* const cell = row.find(names_[i]);
      if (cell == nullptr) fail_missing(names_[i], row, where(place));
      columns_[i].push_back(std::move(*cell));
    }
  }

  /// All cells of an object, which has the keys of the first row in any order.
  void add_all(Json& row, std::int64_t place) {
    Json::Object& cells = row.items();
    bool in_order = cells.size() == names_.size();
    for (std::size_t i = 0; i < cells.size() && in_order; ++i) in_order = cells[i].key == names_[i];
    std::map<std::string_view, Json*> by_key;
    if (!in_order)
      for (auto& cell : cells) by_key[cell.key] = &cell.value;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto found = by_key.find(names_[i]);
      if (!in_order && found == by_key.end()) fail_missing(names_[i], row, where(place));
      columns_[i].push_back(std::move(in_order ? cells[i].value : *found->second));
    }
    if (cells.size() == names_.size()) return;
    const std::set<std::string_view> known(names_.begin(), names_.end());
    for (const auto& cell : cells)
      if (!known.contains(cell.key))
        fail(ErrorCode::format, where(place), ": expected only the keys of the first row, got ", cell.key,
             " as well (JsonOptions::columns chooses keys)");
  }

  [[noreturn]] static void fail_missing(const std::string& name, const Json& row, const std::string& where) {
    std::string remedy;
    for (const auto& [key, value] : row.items())
      if (value.is_array() && !value.empty() && value[0].is_object() && remedy.empty())
        remedy = join("; if the rows are under the key ", key, ", name it as the field");
    fail(ErrorCode::format, where, ": expected the key ", name, ", it is missing; the keys are ",
         python_text(names_of(row.items())), remedy);
  }

  static Json values_of(Json&& values) {
    if (values.is_array()) return std::move(values);
    Json list = Json::array();
    for (auto& member : values.items()) list.push_back(std::move(member.value));
    return list;
  }

  /// A column of texts, whatever the file has in it.
  std::vector<std::string> texts(std::size_t column) const {
    std::vector<std::string> values;
    for (const Json& cell : columns_[column]) {
      if (cell.is_string()) values.push_back(cell.string());
      else if (cell.is_boolean()) values.emplace_back(cell.get<bool>() ? "True" : "False");
      else if (cell.is_number_float()) values.push_back(python_text(cell.get<double>()));
      else if (cell.is_number_unsigned()) values.push_back(std::to_string(cell.get<std::uint64_t>()));
      else if (cell.is_number()) values.push_back(std::to_string(cell.get<std::int64_t>()));
      else
        fail(ErrorCode::format, where(column, values.size()), ": expected a text, number or truth value, got ",
             cell.type_name());
    }
    return values;
  }

  void add_columns() {
    columns_.clear();
    for (std::size_t i = 0; i < names_.size(); ++i) columns_.push_back(Json::array());
  }

  static std::string_view name_of(Kind kind) {
    constexpr std::string_view names[] = {"a text",           "a whole number",  "a number",
                                          "an empty list",    "a list of texts", "a list of whole numbers",
                                          "a list of numbers"};
    return names[static_cast<std::size_t>(kind)];
  }

  std::string where(std::int64_t place) const { return join(places_.file, ", ", places_.unit, " ", place); }
  std::string where(std::size_t column, std::size_t row) const {
    return join(where(places_.numbers[row]), ", key ", names_[column]);
  }

  Kind kind_of(const Json& value, std::size_t column, std::size_t row) const {
    if (value.is_string()) return Kind::text;
    if (value.is_boolean() || is_integer(value)) return Kind::integer;
    if (value.is_number()) return Kind::number;
    if (!value.is_array())
      fail(ErrorCode::format, where(column, row), ": expected a text, number, truth value or list, got ",
           value.type_name());
    if (value.empty()) return Kind::empty_list;
    bool texts = true, integers = true, numbers = true;
    for (const Json& element : value) {
      texts = texts && element.is_string();
      integers = integers && is_integer(element);
      numbers = numbers && element.is_number();
    }
    if (texts) return Kind::texts;
    if (integers) return Kind::integers;
    if (numbers) return Kind::numbers;
    fail(ErrorCode::format, where(column, row), ": expected a list of texts or a list of numbers, got ",
         dump_json(value, {.indent = -1}).substr(0, 60));
  }

  static bool is_integer(const Json& value) {
    return value.is_number_integer() &&
           (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max());
  }

  /// The kind that both fit into, or nothing.
  static std::optional<Kind> merged(Kind a, Kind b) {
    if (a == b) return a;
    if (a > b) std::swap(a, b);
    if (a == Kind::integer && b == Kind::number) return b;
    if (a == Kind::integers && b == Kind::numbers) return b;
    if (a == Kind::empty_list) return b;
    return std::nullopt;
  }

  ColumnValues typed(std::size_t column) const {
    const Json& cells = columns_[column];
    if (cells.empty()) return std::vector<std::string>{};
    Kind kind = kind_of(cells[0], column, 0);
    std::size_t decided_at = 0;
    for (std::size_t row = 1; row < cells.size(); ++row) {
      const Kind here = kind_of(cells[row], column, row);
      const auto both = merged(kind, here);
      if (!both)
        fail(ErrorCode::format, where(column, row), ": expected ", name_of(kind), " as in ", places_.unit, " ",
             places_.numbers[decided_at], ", got ", name_of(here));
      if (*both != kind) decided_at = row;
      kind = *both;
    }
    switch (kind) {
      case Kind::text: return cells.get<std::vector<std::string>>();
      case Kind::integer: return integers(cells);
      case Kind::number: return cells.get<std::vector<double>>();
      case Kind::texts: return cells.get<std::vector<std::vector<std::string>>>();
      case Kind::numbers: return cells.get<std::vector<std::vector<float>>>();
      default: return token_ids(column);
    }
  }

  static std::vector<std::int64_t> integers(const Json& cells) {
    std::vector<std::int64_t> values(cells.size());
    for (std::size_t row = 0; row < values.size(); ++row)
      values[row] = cells[row].is_boolean() ? cells[row].get<bool>() : cells[row].get<std::int64_t>();
    return values;
  }

  std::vector<std::vector<std::int32_t>> token_ids(std::size_t column) const {
    std::vector<std::vector<std::int32_t>> lists(columns_[column].size());
    for (std::size_t row = 0; row < lists.size(); ++row) {
      const auto values = columns_[column][row].get<std::vector<std::int64_t>>();
      lists[row] = std::vector<std::int32_t>(values.begin(), values.end());
      for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] != lists[row][i])
          fail(ErrorCode::format, where(column, row), ": expected list elements in the range of int32, got ",
               values[i]);
    }
    return lists;
  }

  RowPlaces places_;
  bool chosen_;
  std::vector<std::string> names_;
  std::set<std::string> texts_;
  Json::Array columns_;  // an array of cells each
};

/// Where a value of a JSON file stands.
struct JsonSpan {
  std::size_t begin, end, line_begin;
  std::int64_t line;
};

/// Finds the values of a file that holds one after the other. An object may go over several lines; all else, and an
/// object that never ends, is a line for the parser to refuse.
class JsonSplitter {
 public:
  explicit JsonSplitter(std::string_view text) : text_(text) {}

  std::optional<JsonSpan> next() {
    for (; at_ < text_.size() && blanks.find(text_[at_]) != std::string_view::npos; ++at_) step_line();
    if (at_ >= text_.size()) return std::nullopt;
    JsonSpan span{at_, end_of_value(), line_begin_, line_};
    if (broken_) at_ = text_.size();
    for (; at_ < span.end; ++at_) step_line();
    return span;
  }

 private:
  static constexpr std::string_view blanks = " \t\r\n";

  void step_line() {
    if (text_[at_] != '\n') return;
    ++line_;
    line_begin_ = at_ + 1;
  }

  std::size_t end_of_value() {
    const std::size_t line_end = std::min(text_.find('\n', at_), text_.size());
    if (text_[at_] != '{') return line_end;
    std::size_t depth = 0;
    for (std::size_t at = at_; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '"') {
        at = end_of_string(at);
        if (at >= text_.size()) break;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        return at + 1;
      }
    }
    broken_ = true;                                          // the parser will refuse it, and nothing comes after
    const std::size_t next_object = text_.find("\n{", at_);  // it is likely that one line per object is meant
    return std::min(next_object, text_.size());
  }

  /// The closing quote of the string that opens at `at`, or the end of the text if the string is not closed on its
  /// line.
  std::size_t end_of_string(std::size_t at) const {
    for (++at; at < text_.size() && text_[at] != '"'; ++at) {
      if (text_[at] == '\n') return text_.size();
      if (text_[at] == '\\') ++at;
    }
    return at;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_begin_ = 0;
  std::int64_t line_ = 1;
  bool broken_ = false;
};

/// Rows of an array: objects, or texts, which are a column "text".
inline Dataset rows_of_array(Json&& array, JsonRows& rows) {
  const auto is_text = [](const Json& row) { return row.is_string(); };
  const bool texts = !array.empty() && std::all_of(array.begin(), array.end(), is_text);
  std::int64_t place = 0;
  for (Json& row : array) {
    Json object = texts ? Json{{"text", std::move(row)}} : std::move(row);
    rows.add(std::move(object), ++place);
  }
  return rows.finish();
}

/// The rows or columns under a key of the one object of a file.
inline Dataset rows_of_field(Json&& root, const std::string& field, const std::string& path, JsonRows& rows) {
  if (!root.is_object())
    fail(ErrorCode::format, path, ": expected an object with the field ", field, ", got ", root.type_name());
  Json* const found = root.find(field);
  if (found == nullptr)
    fail(ErrorCode::format, path, ": expected the field ", field, ", it is missing; the keys are ",
         python_text(names_of(root.items())));
  if (found->is_array()) return rows_of_array(std::move(*found), rows);
  if (!found->is_object())
    fail(ErrorCode::format, path, ", field ", field, ": expected a list of objects or an object of columns, got ",
         found->type_name());
  return rows.finish(std::move(*found));
}

}  // namespace detail

/// Reads a JSON file in any shape that the head of this file lists; empty lines are skipped. An object that is alone in
/// its file is one row, unless the values of its JsonOptions::text_columns are lists: then it is an object of columns.
/// Throws io, invalid_argument for an encoding that is not known, format with the line (or the number of the object,
/// from 1) and the key.
inline Dataset load_jsonl(const std::filesystem::path& path, const JsonOptions& options = {}) {
  const std::string& name = path.native();
  const std::string text = detail::read_text_file(path, options.encoding);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_array = first != std::string::npos && text[first] == '[';
  if (!options.field.empty()) {
    detail::JsonRows rows(name, "object", options);
    return detail::rows_of_field(parse_json(text, name), options.field, name, rows);
  }
  if (is_array) {
    detail::JsonRows rows(name, "object", options);
    return detail::rows_of_array(parse_json(text, name), rows);
  }
  std::vector<detail::JsonSpan> spans;
  bool shared_line = false;  // then lines do not tell objects apart
  for (detail::JsonSplitter splitter(text); const auto span = splitter.next();) {
    shared_line = shared_line || (!spans.empty() && spans.back().line == span->line);
    spans.push_back(*span);
  }
  detail::JsonRows rows(name, shared_line ? "object" : "line", options);
  std::int64_t number = 0;
  for (const auto& span : spans) {
    const std::string_view value = std::string_view(text).substr(span.begin, span.end - span.begin);
    const bool one_line = value.find('\n') == std::string_view::npos;
    const std::string where = join(name, one_line ? ", line " : ", the object that begins in line ", span.line);
    Json row = parse_json(value, where, one_line ? span.begin - span.line_begin : 0);
    if (spans.size() == 1 && row.is_object() && rows.are_columns(row)) return rows.finish(std::move(row));
    ++number;
    rows.add(std::move(row), shared_line ? number : span.line);
  }
  return rows.finish();
}

/// Two names in braces would be one path from the address of the first to that of the second.
Dataset load_jsonl(std::initializer_list<const char*> paths, const JsonOptions& options = {}) = delete;

}  // namespace tl
