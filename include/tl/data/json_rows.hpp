// The rows of a JSON file as columns. The first row decides the columns, and every row must have them all. Whole
// numbers make int64, one number with a point makes the column float64, booleans are 1 and 0; lists hold whole numbers,
// numbers or texts. The last of repeated keys counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/data/column.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/json.hpp>

namespace tl {

/// How a JSON file is read.
struct JsonOptions {
  std::vector<std::string> columns = {};       ///< read only these keys; empty: those of the first row
  std::vector<std::string> text_columns = {};  ///< keys of texts: numbers and booleans become texts, as str() does
  std::string encoding = "utf-8";              ///< or "utf-16", "latin-1", "cp1252"
  std::string field = {};                      ///< the key of the rows in a file that is one object; empty: no such key
};

namespace detail {

/// The keys of an object.
inline std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : members_of(object)) keys.push_back(key);
  return keys;
}

/// One column while its rows are read: its type is that of the first cell, and widens as others come.
class JsonColumn {
 public:
  /// `is_text`: numbers and booleans become texts.
  JsonColumn(std::string name, bool is_text) : name_(std::move(name)), is_text_(is_text) {}

  /// Throws format if the cell does not fit the former ones. `places` has those of all rows up to this one.
  void add(Json cell, const SourceLocations& places) {
    const Kind here = is_text_ ? Kind::text : kind_of(cell, places);
    const bool boolean = cell.is_boolean();
    if (rows_ == 0) cells_ = of_kind(here);
    else widen(here, boolean, places);
    has_booleans_ = has_booleans_ || boolean;
    has_others_ = has_others_ || !boolean;
    append(std::move(cell), places);
    ++rows_;
  }

  const std::string& name() const { return name_; }
  std::size_t rows() const { return rows_; }
  bool is_boolean() const { return !is_text_ && has_booleans_ && !has_others_; }

  /// The values; the column is empty afterwards.
  ColumnValues finish(const SourceLocations& places) {
    switch (kind()) {
      case Kind::text: return std::get<std::vector<std::string>>(std::move(cells_));
      case Kind::integer: return std::get<std::vector<std::int64_t>>(std::move(cells_));
      case Kind::number: return std::get<std::vector<double>>(std::move(cells_));
      case Kind::empty_list: return Lists<std::int32_t>(rows_);
      case Kind::texts: return std::get<Lists<std::string>>(std::move(cells_));
      case Kind::integers: return token_ids(std::get<Lists<std::int64_t>>(std::move(cells_)), places);
      case Kind::numbers: return std::get<Lists<float>>(std::move(cells_));
    }
    return {};
  }

 private:
  enum class Kind { text, integer, number, empty_list, texts, integers, numbers };
  template <class T> using Lists = std::vector<std::vector<T>>;
  struct EmptyLists {};
  /// In the order of Kind.
  using Cells = std::variant<std::vector<std::string>, std::vector<std::int64_t>, std::vector<double>, EmptyLists,
                             Lists<std::string>, Lists<std::int64_t>, Lists<float>>;

  static std::string_view name_of(Kind kind) {
    constexpr std::string_view names[] = {"a text",           "a whole number",  "a number",
                                          "an empty list",    "a list of texts", "a list of whole numbers",
                                          "a list of numbers"};
    return names[static_cast<std::size_t>(kind)];
  }

  Kind kind() const { return static_cast<Kind>(cells_.index()); }

  Cells of_kind(Kind kind) const {
    switch (kind) {
      case Kind::text: return std::vector<std::string>();
      case Kind::integer: return std::vector<std::int64_t>();
      case Kind::number: return std::vector<double>();
      case Kind::empty_list: return EmptyLists();
      case Kind::texts: return Lists<std::string>(rows_);
      case Kind::integers: return Lists<std::int64_t>(rows_);
      case Kind::numbers: return Lists<float>(rows_);
    }
    return {};
  }

  std::string where(std::size_t row, const SourceLocations& places) const {
    return str_cat(places.file, ", ", places.unit, " ", places.numbers[row], ", key ", name_);
  }

  Kind kind_of(const Json& value, const SourceLocations& places) const {
    if (value.is_string()) return Kind::text;
    if (value.is_boolean() || is_int64(value)) return Kind::integer;
    if (value.is_number()) return Kind::number;
    if (!value.is_array())
      fail(ErrorCode::format, where(rows_, places), ": expected a text, number, boolean or list, got ",
           value.type_name(),
           value.is_null() ? "; fill it, or choose other keys with the option columns"
                           : "; choose other keys with the option columns");
    if (value.empty()) return Kind::empty_list;
    bool texts = true, integers = true, numbers = true;
    for (const Json& element : elements_of(value)) {
      texts = texts && element.is_string();
      integers = integers && is_int64(element);
      numbers = numbers && element.is_number();
    }
    if (texts) return Kind::texts;
    if (integers) return Kind::integers;
    if (numbers) return Kind::numbers;
    fail(ErrorCode::format, where(rows_, places), ": expected a list of texts or a list of numbers, got ",
         dump_json(value, {.indent = -1}).substr(0, 60));
  }

  /// Makes the column fit a cell as well.
  void widen(Kind here, bool boolean, const SourceLocations& places) {
    const auto pair = [&](Kind a, Kind b) { return kind() == a && here == b; };
    const bool to_number = pair(Kind::integer, Kind::number) && !has_booleans_;
    const bool to_list = kind() == Kind::empty_list && here > Kind::empty_list;
    const bool to_numbers = pair(Kind::integers, Kind::numbers);
    const bool fits = here == kind() || (pair(Kind::number, Kind::integer) && !boolean) ||
                      pair(Kind::numbers, Kind::integers) || (here == Kind::empty_list && kind() > Kind::empty_list);
    if (!(fits || to_number || to_list || to_numbers))
      fail(ErrorCode::format, where(rows_, places), ": expected ", has_booleans_ ? "a boolean" : name_of(kind()),
           " as in ", places.unit, " ", places.numbers[decided_at_], ", got ", boolean ? "a boolean" : name_of(here));
    if (fits) return;
    if (to_number) {
      const auto& whole = std::get<std::vector<std::int64_t>>(cells_);
      cells_ = std::vector<double>(whole.begin(), whole.end());
    } else if (to_numbers) {
      const auto whole = std::get<Lists<std::int64_t>>(std::move(cells_));
      Lists<float> lists(rows_);
      for (std::size_t row = 0; row < rows_; ++row)
        for (const std::int64_t value : whole[row])
          lists[row].push_back(static_cast<float>(static_cast<double>(value)));
      cells_ = std::move(lists);
    } else {
      cells_ = of_kind(here);
    }
    decided_at_ = rows_;
  }

  void append(Json&& cell, const SourceLocations& places) {
    switch (kind()) {
      case Kind::text: std::get<std::vector<std::string>>(cells_).push_back(text(std::move(cell), places)); return;
      case Kind::integer:
        std::get<std::vector<std::int64_t>>(cells_).push_back(cell.is_boolean() ? cell.get<bool>()
                                                                                : cell.get<std::int64_t>());
        return;
      case Kind::number: std::get<std::vector<double>>(cells_).push_back(cell.get<double>()); return;
      case Kind::empty_list: return;
      case Kind::texts: return append_list<std::string>(cell);
      case Kind::integers: return append_list<std::int64_t>(cell);
      case Kind::numbers: return append_numbers(cell, places);
    }
  }

  template <class T> void append_list(const Json& cell) {
    std::get<Lists<T>>(cells_).push_back(json_get<std::vector<T>>(cell));
  }

  void append_numbers(const Json& cell, const SourceLocations& places) {
    std::vector<float>& list = std::get<Lists<float>>(cells_).emplace_back();
    for (const double value : json_get<std::vector<double>>(cell)) {
      if (!fits_float(value))
        fail(ErrorCode::format, where(rows_, places), ": expected list elements in the range of float32, got ", value);
      list.push_back(static_cast<float>(value));
    }
  }

  /// A cell of a column of texts.
  std::string text(Json&& cell, const SourceLocations& places) const {
    if (cell.is_string()) return std::move(cell.get_ref<std::string&>());
    if (cell.is_boolean()) return cell.get<bool>() ? "True" : "False";
    if (cell.is_number_float()) return python_text(cell.get<double>());
    if (cell.is_number()) return dump_json(cell);
    fail(ErrorCode::format, where(rows_, places), ": expected a text, number or boolean, got ", cell.type_name());
  }

  ColumnValues token_ids(const Lists<std::int64_t>& lists, const SourceLocations& places) const {
    Lists<std::int32_t> ids(lists.size());
    for (std::size_t row = 0; row < lists.size(); ++row) {
      ids[row].reserve(lists[row].size());
      for (const std::int64_t value : lists[row]) {
        if (!std::in_range<std::int32_t>(value))
          fail(ErrorCode::format, where(row, places), ": expected list elements in the range of int32, got ", value);
        ids[row].push_back(static_cast<std::int32_t>(value));
      }
    }
    return ids;
  }

  std::string name_;
  bool is_text_;
  bool has_booleans_ = false, has_others_ = false;
  Cells cells_;
  std::size_t rows_ = 0;
  std::size_t decided_at_ = 0;  // the row that the type of the column is from
};

/// The rows of a JSON file with their places.
class JsonRows {
 public:
  /// `unit` is what a place counts: "line", or "object" of an array.
  JsonRows(std::string path, std::string_view unit, const JsonOptions& options)
      : places_{std::move(path), std::string(unit)},
        chosen_(!options.columns.empty()),
        texts_(options.text_columns.begin(), options.text_columns.end()) {
    add_columns(options.columns);
  }

  void add(Json row, std::int64_t place) {
    places_.numbers.push_back(place);
    if (!row.is_object()) fail(ErrorCode::format, where(), ": expected an object, got ", row.type_name());
    if (places_.numbers.size() == 1 && !chosen_) add_columns(keys_of(row));
    if (chosen_) add_chosen(row);
    else add_all(row);
  }

  Dataset finish() {
    Columns result;
    std::vector<std::string> bool_columns;
    for (JsonColumn& column : columns_) {
      if (column.is_boolean()) bool_columns.push_back(column.name());
      result.push_back({column.name(), column.finish(places_)});
    }
    if (result.empty()) return {};
    return Dataset::from_columns(std::move(result), std::move(places_), bool_columns);
  }

  /// One object whose values are whole columns: lists, or objects with a value per row as pandas writes them.
  Dataset finish(Json&& object) {
    if (!chosen_) add_columns(keys_of(object));
    places_.unit = "row";
    for (JsonColumn& column : columns_) {
      Json* const values = find_member(object, column.name());
      if (values == nullptr) fail_missing(column.name(), object, places_.file);
      if (!values->is_structured())
        fail(ErrorCode::format, places_.file, ", key ", column.name(), ": expected a list with a value per row, got ",
             values->type_name());
      const bool is_first = &column == columns_.data();
      if (!is_first && values->size() != columns_[0].rows())
        fail(ErrorCode::format, places_.file, ", key ", column.name(), ": expected ", columns_[0].rows(),
             " values as for the key ", columns_[0].name(), ", got ", values->size());
      std::int64_t row = 0;
      for (Json& value : *values) {
        if (is_first) places_.numbers.push_back(++row);
        column.add(std::move(value), places_);
      }
    }
    return finish();
  }

  /// Whether an object that is alone in its file holds columns: the values of the keys of texts are lists.
  bool are_columns(const Json& object) const {
    bool any = false;
    for (const std::string& name : texts_) {
      const Json* const values = find_member(object, name);
      if (values == nullptr) continue;
      if (!values->is_structured()) return false;
      any = true;
    }
    return any;
  }

 private:
  /// The cells of an object's chosen keys.
  void add_chosen(Json& row) {
    for (JsonColumn& column : columns_) {
      Json* const cell = find_member(row, column.name());
      if (cell == nullptr) fail_missing(column.name(), row, where());
      column.add(std::move(*cell), places_);
    }
  }

  /// All cells of an object, which has the keys of the first row in any order.
  void add_all(Json& row) {
    auto& cells = row.get_ref<Json::object_t&>();
    std::size_t in_order = 0;
    for (auto& [key, cell] : cells) {
      if (in_order == columns_.size() || columns_[in_order].name() != key) break;
      columns_[in_order++].add(std::move(cell), places_);
    }
    if (in_order < columns_.size()) add_rest(row, in_order);
    if (cells.size() == columns_.size()) return;
    std::set<std::string_view> known;
    for (const JsonColumn& column : columns_) known.insert(column.name());
    for (const auto& [key, cell] : cells)
      if (!known.contains(key))
        fail(ErrorCode::format, where(), ": expected only the keys of the first row, got ", key,
             " as well (JsonOptions::columns chooses keys)");
  }

  /// The cells of the columns from `first` on, whose keys may be anywhere in the object.
  void add_rest(Json& row, std::size_t first) {
    std::map<std::string_view, Json*> by_key;
    for (auto& [key, cell] : row.get_ref<Json::object_t&>()) by_key[key] = &cell;
    for (; first < columns_.size(); ++first) {
      const auto found = by_key.find(columns_[first].name());
      if (found == by_key.end()) fail_missing(columns_[first].name(), row, where());
      columns_[first].add(std::move(*found->second), places_);
    }
  }

  [[noreturn]] static void fail_missing(const std::string& name, const Json& row, const std::string& where) {
    std::string remedy;
    for (const auto& [key, value] : members_of(row))
      if (value.is_array() && !value.empty() && value[0].is_object() && remedy.empty())
        remedy = str_cat("; if the rows are under the key ", key, ", name it as the field");
    fail(ErrorCode::format, where, ": expected the key ", name, ", it is missing; the keys are ",
         python_text(keys_of(row)), remedy);
  }

  void add_columns(const std::vector<std::string>& names) {
    for (const std::string& name : names) columns_.emplace_back(name, texts_.contains(name));
  }

  /// The place of the row that is added.
  std::string where() const { return str_cat(places_.file, ", ", places_.unit, " ", places_.numbers.back()); }

  SourceLocations places_;
  bool chosen_;
  std::set<std::string> texts_;
  std::vector<JsonColumn> columns_;
};

}  // namespace detail

}  // namespace tl
