// Data sets one after the other, as Python's concatenate_datasets: the shards of a split, or several splits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/dataset.hpp>

namespace tl {

namespace detail {

/// Puts data sets together, column by column.
class Concatenation {
 public:
  explicit Concatenation(std::vector<Dataset> parts) : parts_(std::move(parts)) {}

  Dataset join() {
    const Dataset& first = parts_.front();
    for (const Dataset& part : parts_) check_columns(part);
    Columns columns;
    std::vector<std::string> booleans, labels;
    std::vector<std::vector<std::string>> class_names;
    for (const std::string& name : first.column_names()) {
      const Dataset::Column& column = leader(name).find(name);
      if (column.booleans) booleans.push_back(name);
      if (!column.class_names.empty()) {
        labels.push_back(name);
        class_names.push_back(column.class_names);
      }
    }
    std::int64_t rows = 0;
    for (const Dataset& part : parts_) rows += part.num_rows();
    SourceLocations places = joined_places();
    for (const std::string& name : first.column_names()) columns.push_back({name, joined_values(name, rows)});
    Dataset result = Dataset::from_columns(std::move(columns), std::move(places), booleans);
    result.num_rows_ = rows;
    for (Dataset::Column& column : result.columns_) column.nulls = joined_nulls(column.name, rows);
    for (std::size_t i = 0; i < labels.size(); ++i)
      result.columns_[result.index_of(labels[i])].class_names = class_names[i];
    return result;
  }

 private:
  /// Begins a sentence about a part: its file, or its number.
  std::string name_of(const Dataset& part) const {
    const std::string file = part.source();
    return file.empty() ? str_cat("data set ", &part - parts_.data()) : file;
  }

  /// The part that says what a column is: the first that has a value in it, if any has.
  const Dataset& leader(const std::string& name) const {
    for (const Dataset& part : parts_)
      if (!is_all_null(part, name)) return part;
    return parts_.front();
  }

  void check_columns(const Dataset& part) const {
    const Dataset& first = parts_.front();
    std::vector<std::string> expected = first.column_names(), got = part.column_names();
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    if (expected != got)
      fail(ErrorCode::invalid_argument, name_of(part), ": expected the columns ", python_text(first.column_names()),
           " as in ", name_of(first), ", got ", python_text(part.column_names()));
    for (const std::string& name : expected) {
      if (is_all_null(part, name)) continue;
      const Dataset& leading = leader(name);
      const Dataset::Column &one = leading.find(name), &other = part.find(name);
      check(one.class_names == other.class_names, ErrorCode::invalid_argument, name_of(part), ", column ", Repr{name},
            ": expected the classes ", shown_names(one.class_names), " as in ", name_of(leading), ", got ",
            shown_names(other.class_names));
      check(one.booleans == other.booleans || part.num_rows() == 0 || leading.num_rows() == 0, ErrorCode::dtype,
            name_of(part), ", column ", Repr{name}, ": expected ", one.booleans ? "booleans" : "whole numbers",
            " as in ", name_of(leading), ", got ", other.booleans ? "booleans" : "whole numbers");
    }
  }

  /// Whether the values say nothing about the type of their column: there are none, or lists that are all empty.
  static bool is_without_type(const ColumnValues& values) {
    return std::visit(
        []<class Value>(const std::vector<Value>& list) {
          if constexpr (std::is_arithmetic_v<Value> || std::is_same_v<Value, std::string>) return list.empty();
          else {
            for (const Value& value : list)
              if (!value.empty()) return false;
            return true;
          }
        },
        values);
  }

  static bool is_all_null(const Dataset& part, const std::string& name) {
    const Dataset::Column& column = part.find(name);
    if (column.nulls == nullptr || part.num_rows() == 0) return false;
    std::int64_t row = 0;
    while (row < part.num_rows() && Dataset::is_null(column, row)) ++row;
    return row == part.num_rows();
  }

  static bool is_list(ColumnType type) { return type >= ColumnType::list_int32; }

  /// The type that holds the values of both; nothing changes but whole numbers, which become numbers.
  ColumnType common_type(const std::string& name) const {
    const Dataset* typed = nullptr;  // the first part whose values have a type
    ColumnType type = parts_.front().column_type(name);
    for (const Dataset& part : parts_) {
      const ColumnType other = part.column_type(name);
      if (is_without_type(*part.find(name).values) && (part.num_rows() == 0 || is_list(other))) continue;
      if (is_all_null(part, name)) continue;
      if (typed == nullptr) type = other;
      const ColumnType low = std::min(type, other), high = std::max(type, other);
      const bool numbers = (low == ColumnType::int64 && high == ColumnType::float64) ||
                           (low == ColumnType::list_int32 && high == ColumnType::list_float32);
      if (type != other && !numbers)
        fail(ErrorCode::dtype, name_of(part), ", column ", Repr{name}, ": expected ", to_string(type), " as in ",
             name_of(*typed), ", got ", to_string(other));
      type = high;
      if (typed == nullptr) typed = &part;
    }
    return type;
  }

  /// Appends the values of a column to those of a type that holds them, too.
  template <class To> static void append(std::vector<To>& to, const Dataset::Column& column, std::int64_t rows) {
    const ColumnValues& values = *column.values;
    const auto each = [&](const auto& from, const auto& add) {
      for (std::int64_t row = 0; row < rows; ++row) add(from[Dataset::stored_row(column, row)]);
    };
    if (const auto* const same = std::get_if<std::vector<To>>(&values))
      return each(*same, [&to](const To& value) { to.push_back(value); });
    if constexpr (std::is_same_v<To, double>)
      if (const auto* const whole = std::get_if<std::vector<std::int64_t>>(&values))
        return each(*whole, [&to](std::int64_t value) { to.push_back(static_cast<double>(value)); });
    if constexpr (std::is_same_v<To, std::vector<float>>)
      if (const auto* const whole = std::get_if<std::vector<std::vector<std::int32_t>>>(&values))
        return each(*whole, [&to](const auto& value) { to.emplace_back(value.begin(), value.end()); });
    const To none{};  // for lists without elements, and rows without a value
    for (std::int64_t row = 0; row < rows; ++row) to.push_back(none);
  }

  ColumnValues joined_values(const std::string& name, std::int64_t rows) {
    ColumnValues joined = values_of_type(common_type(name));
    std::visit(
        [&](auto& to) {
          to.reserve(static_cast<std::size_t>(rows));
          for (const Dataset& part : parts_) append(to, part.find(name), part.num_rows());
        },
        joined);
    return joined;
  }

  /// Which rows of all parts hold no value.
  std::shared_ptr<const std::vector<bool>> joined_nulls(const std::string& name, std::int64_t rows) const {
    std::vector<bool> joined(static_cast<std::size_t>(rows));
    std::size_t first = 0;
    bool any = false;
    for (const Dataset& part : parts_) {
      const std::vector<bool> nulls = part.nulls(name);
      for (std::size_t row = 0; row < nulls.size(); ++row) joined[first + row] = nulls[row];
      first += static_cast<std::size_t>(part.num_rows());
      any = any || !nulls.empty();
    }
    return any ? std::make_shared<const std::vector<bool>>(std::move(joined)) : nullptr;
  }

  /// Where the rows of all parts were read.
  SourceLocations joined_places() const {
    SourceLocations joined;
    LaterFile last;
    std::int64_t rows = 0;
    for (const Dataset& part : parts_) {
      for (std::int64_t row = 0; row < part.num_rows(); ++row, ++rows) {
        const bool known = part.places_ != nullptr;
        const FileOfRow file = known ? part.file_of(row) : FileOfRow{};
        joined.numbers.push_back(known ? part.places_->numbers[part.read_row(row)] : 0);
        if (rows > 0 && file.file == last.file && file.unit == last.unit) continue;
        last = {rows, std::string(file.file), std::string(file.unit)};
        if (rows > 0) joined.later.push_back(last);
        else std::tie(joined.file, joined.unit) = std::tie(last.file, last.unit);
      }
    }
    if (joined.file.empty() && joined.later.empty()) joined.numbers.clear();
    return joined;
  }

  std::vector<Dataset> parts_;
};

}  // namespace detail

/// The rows of the data sets one after the other, in the columns of the first, which all must have. Whole numbers
/// become numbers if another has numbers. Throws invalid_argument for none, for other columns or other classes, dtype
/// for columns of other types, with the file that has them.
inline Dataset concatenate_datasets(std::vector<Dataset> datasets) {
  check(!datasets.empty(), ErrorCode::invalid_argument,
        "concatenate_datasets: expected at least one data set, got none");
  if (datasets.size() == 1) return std::move(datasets.front());
  return detail::Concatenation(std::move(datasets)).join();
}

}  // namespace tl
