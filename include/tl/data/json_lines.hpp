// JSON lines (one object per line) or a JSON array of objects as data sets. The first row decides the columns, and
// every row must have them all. Whole numbers make int64, one number with a point makes the column float64, truth
// values are 1 and 0; lists hold whole numbers, numbers or texts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/json.hpp>
#include <tl/io/mapped_file.hpp>

namespace tl {

/// How a JSON file is read.
struct JsonOptions {
  std::vector<std::string> columns = {};  ///< read only these keys; empty: those of the first row
};

namespace detail {

/// The rows of a JSON file with their places, turned into typed columns once all are known.
class JsonRows {
 public:
  /// `unit` is what a place counts: "line", or "object" of an array.
  JsonRows(std::string path, std::string_view unit, const JsonOptions& options)
      : places_{std::move(path), std::string(unit)}, chosen_(!options.columns.empty()), names_(options.columns) {
    add_columns();
  }

  void add(Json row, std::int64_t place) {
    if (!row.is_object()) fail(ErrorCode::format, where(place), ": expected an object, got ", row.type_name());
    if (places_.numbers.empty() && !chosen_) {
      names_ = names_of(row.items());
      add_columns();
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      Json* const cell = row.find(names_[i]);
      if (cell == nullptr)
        fail(ErrorCode::format, where(place), ": expected the key ", names_[i], ", it is missing; the keys are ",
             python_text(names_of(row.items())));
      columns_[i].push_back(std::move(*cell));
    }
    if (!chosen_ && row.size() != names_.size()) {
      for (const auto& [key, value] : row.items())
        if (std::find(names_.begin(), names_.end(), key) == names_.end())
          fail(ErrorCode::format, where(place), ": expected only the keys of the first row, got ", key,
               " as well (JsonOptions::columns chooses keys)");
    }
    places_.numbers.push_back(place);
  }

  Dataset finish() {
    Columns result;
    for (std::size_t i = 0; i < names_.size(); ++i) result.push_back({names_[i], typed(i)});
    if (result.empty()) return {};
    return Dataset::from_columns(std::move(result), std::move(places_));
  }

 private:
  enum class Kind { text, integer, number, empty_list, texts, integers, numbers };

  void add_columns() {
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
  Json::Array columns_;  // an array of cells each
};

}  // namespace detail

/// Reads JSON lines, or a file that holds one array of objects. Empty lines are skipped.
/// Throws io, or format with the line (or the number of the object in its array, from 1) and the key.
inline Dataset load_jsonl(const std::filesystem::path& path, const JsonOptions& options = {}) {
  const MappedFile file(path);
  std::string_view text = file.text();
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  constexpr std::string_view blanks = " \t\r\n";
  const bool is_array = text.substr(std::min(text.find_first_not_of(blanks), text.size())).starts_with('[');
  detail::JsonRows rows(path.native(), is_array ? "object" : "line", options);
  if (is_array) {
    Json array = parse_json(text, path.native());
    std::int64_t place = 0;
    for (Json& row : array) rows.add(std::move(row), ++place);
    return rows.finish();
  }
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.find_first_not_of(blanks) != std::string_view::npos)
      rows.add(parse_json(line, join(path.native(), ", line ", number)), number);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return rows.finish();
}

}  // namespace tl
