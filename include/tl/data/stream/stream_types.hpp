// The columns of a stream. Its first piece decides them, and every later piece must have them: rows of several pieces
// stand beside each other in a shuffle buffer and in a batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/dataset.hpp>

namespace tl::detail {

/// A column as all pieces of a stream have it.
struct StreamType {
  std::string name;
  ColumnType type = ColumnType::string;
  bool is_boolean = false;

  friend bool operator==(const StreamType&, const StreamType&) = default;
};
using StreamTypes = std::vector<StreamType>;

inline StreamTypes types_of(const Dataset& rows) {
  StreamTypes types;
  for (const Feature& feature : rows.features())
    types.push_back({feature.name, feature.type, rows.is_boolean(feature.name)});
  return types;
}

inline std::vector<std::string> names_of_types(const StreamTypes& types) {
  std::vector<std::string> names;
  for (const StreamType& type : types) names.push_back(type.name);
  return names;
}

inline const StreamType* find_type(const StreamTypes& types, std::string_view name) {
  const auto found = std::ranges::find(types, name, &StreamType::name);
  return found == types.end() ? nullptr : &*found;
}

inline std::string_view text_of(const StreamType& type) { return type.is_boolean ? "bool" : to_string(type.type); }

/// What to do about a column that turns out to be of another type.
inline std::string_view remedy_for(const StreamType& expected, ColumnType got) {
  if (expected.type == ColumnType::int64 && got == ColumnType::float64 && !expected.is_boolean)
    return "; a stream takes the type of a column from its first rows: name the column in float_columns";
  return "; a stream takes the type of a column from its first rows: name the column in text_columns to read texts";
}

/// The values of a column in another type, or nothing if that does not hold them as they are. Cells without a value are
/// empty or 0, and fit any type.
inline std::optional<ColumnValues> converted(const Dataset& rows, const StreamType& type) {
  const ColumnType from = rows.column_type(type.name);
  const std::vector<bool> nulls = rows.nulls(type.name);
  if (!nulls.empty() && std::ranges::all_of(nulls, [](bool null) { return null; })) {
    ColumnValues values = values_of_type(type.type);
    std::visit([&](auto& list) { list.resize(nulls.size()); }, values);
    return values;
  }
  if (from == ColumnType::int64 && type.type == ColumnType::float64 && !rows.is_boolean(type.name)) {
    std::vector<double> numbers;
    for (const std::int64_t value : rows.column_with_nulls<std::int64_t>(type.name))
      numbers.push_back(static_cast<double>(value));
    return numbers;
  }
  if (from != ColumnType::list_int32) return std::nullopt;
  const auto lists = rows.column_with_nulls<std::vector<std::int32_t>>(type.name);
  if (type.type == ColumnType::list_float32) {
    std::vector<std::vector<float>> numbers;
    for (const auto& list : lists) numbers.emplace_back(list.begin(), list.end());
    return numbers;
  }
  // Lists without elements say nothing about the type of their column.
  if (type.type != ColumnType::list_string) return std::nullopt;
  for (const auto& list : lists)
    if (!list.empty()) return std::nullopt;
  return std::vector<std::vector<std::string>>(static_cast<std::size_t>(rows.num_rows()));
}

/// A piece with the columns of the stream, in their order. `origin` is the file that gave the types. Throws
/// invalid_argument for other columns, dtype for a column whose values do not fit; the sentence names the piece's first
/// row.
inline Dataset conform(const Dataset& rows, const StreamTypes& types, const std::string& origin) {
  if (types_of(rows) == types) return rows;
  const std::string where = rows.num_rows() > 0 ? rows.place(0) : "";
  const auto sorted = [](std::vector<std::string> names) { return std::ranges::sort(names), names; };
  if (sorted(rows.column_names()) != sorted(names_of_types(types)))
    fail(ErrorCode::invalid_argument, where, ": expected the columns ", python_text(names_of_types(types)), " as in ",
         origin, ", got ", python_text(rows.column_names()));
  Dataset result = rows.select_columns(names_of_types(types));
  for (const StreamType& type : types) {
    const ColumnType got = rows.column_type(type.name);
    const bool booleans = rows.is_boolean(type.name);
    if (got == type.type && booleans == type.is_boolean) continue;
    const std::optional<ColumnValues> values = converted(rows, type);
    check(values.has_value(), ErrorCode::dtype, "rows from ", where, " on, column ", Repr{type.name}, ": expected ",
          text_of(type), " as in ", origin, ", got ", text_of({"", got, booleans}), remedy_for(type, got));
    result = result.map_batched(
        [&](const Dataset&) {
          return Columns{{type.name, *values}};
        },
        {.batch_size = rows.num_rows()});
    if (const std::vector<bool> nulls = rows.nulls(type.name); !nulls.empty())
      result = result.with_nulls(type.name, nulls);
  }
  return result;
}

}  // namespace tl::detail
