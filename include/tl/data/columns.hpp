// Columns under construction: what map functions return, and how their pieces are put together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>

namespace tl {

/// A column by itself, as Dataset::from_columns takes it and a map_batched function returns it.
struct NamedColumn {
  std::string name;
  ColumnValues values;
};
/// Columns of the same number of rows.
using Columns = std::vector<NamedColumn>;

/// A file that the rows from `first_row` on were read from.
struct LaterFile {
  std::int64_t first_row = 0;
  std::string file = {};  ///< empty: these rows come from no file
  std::string unit = "line";
};

/// Where the rows of a file are, for errors that are found long after the file was read.
struct SourceLocations {
  std::string file = {};
  std::string unit = "line";               ///< what the numbers count
  std::vector<std::int64_t> numbers = {};  ///< of every row, from 1
  std::vector<LaterFile> later = {};       ///< if the rows are those of several files: all but the first, in order
};

/// What a map function returns for one row: cells by column name.
using Example = std::vector<std::pair<std::string, Value>>;

namespace detail {

/// The file that a row was read from, and what its numbers count.
struct FileOfRow {
  std::string_view file = {}, unit = "line";
};

/// No values, of a type.
inline ColumnValues values_of_type(ColumnType type) {
  switch (type) {
    case ColumnType::string: return std::vector<std::string>();
    case ColumnType::int64: return std::vector<std::int64_t>();
    case ColumnType::float64: return std::vector<double>();
    case ColumnType::list_int32: return std::vector<std::vector<std::int32_t>>();
    case ColumnType::list_float32: return std::vector<std::vector<float>>();
    case ColumnType::list_string: break;
  }
  return std::vector<std::vector<std::string>>();
}

template <class Named> std::vector<std::string> names_of(const std::vector<Named>& list) {
  std::vector<std::string> names;
  for (const auto& [name, value] : list) names.push_back(name);
  return names;
}

/// Adds one row. The first row makes the columns, the others must bring the same ones in the same order.
inline void append_example(Columns& columns, Example example, std::int64_t row) {
  if (row == 0)
    for (const auto& [name, value] : example) columns.push_back({name, {}});
  if (names_of(columns) != names_of(example))
    fail(ErrorCode::invalid_argument, "map, row ", row, ": expected the columns ", python_text(names_of(columns)),
         " as in row 0, got ", python_text(names_of(example)));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (row > 0 && column_type(columns[i].values) != example[i].second.type())
      fail(ErrorCode::dtype, "map, row ", row, ", column ", Repr{columns[i].name}, ": expected ",
           to_string(column_type(columns[i].values)), " as in row 0, got ", to_string(example[i].second.type()));
    const auto append = [&](auto&& value) {
      using Values = std::vector<std::decay_t<decltype(value)>>;
      if (row == 0) columns[i].values.emplace<Values>();
      std::get<Values>(columns[i].values).push_back(std::forward<decltype(value)>(value));
    };
    std::visit(append, std::move(example[i].second).variant());
  }
}

/// Adds the columns of the rows begin .. end-1 of a batched map.
inline void append_columns(Columns& columns, Columns batch, std::int64_t begin, std::int64_t end) {
  if (begin > 0 && names_of(columns) != names_of(batch))
    fail(ErrorCode::invalid_argument, "map_batched, rows ", begin, " to ", end, ": expected the columns ",
         python_text(names_of(columns)), " as in the first batch, got ", python_text(names_of(batch)));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (begin > 0 && column_type(columns[i].values) != column_type(batch[i].values))
      fail(ErrorCode::dtype, "map_batched, rows ", begin, " to ", end, ", column ", Repr{batch[i].name}, ": expected ",
           to_string(column_type(columns[i].values)), " as in the first batch, got ",
           to_string(column_type(batch[i].values)));
    check(column_size(batch[i].values) == column_size(batch.front().values), ErrorCode::shape, "map_batched, rows ",
          begin, " to ", end, ": expected ", column_size(batch.front().values), " rows in column ", Repr{batch[i].name},
          " as in ", Repr{batch.front().name}, ", got ", column_size(batch[i].values));
  }
  if (begin == 0) {
    columns = std::move(batch);
    return;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::visit(
        [&](auto& values) {
          auto& more = std::get<std::decay_t<decltype(values)>>(batch[i].values);
          for (auto& value : more) values.push_back(std::move(value));
        },
        columns[i].values);
  }
}

}  // namespace detail

}  // namespace tl
