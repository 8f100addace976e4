// A column of a data set that is made of arrays of Arrow's C Data Interface, one behind the other: by from_arrow, and
// by tl::parquet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/arrow/arrow_abi.hpp>
#include <tl/data/arrow/arrow_types.hpp>
#include <tl/data/arrow/arrow_values.hpp>
#include <tl/data/column.hpp>
#include <tl/data/columns.hpp>
#include <tl/data/dataset.hpp>

namespace tl::detail {

/// Which cells of the child are those of a list. Throws format for a view that leaves the child; where() begins it.
template <class Where>
std::pair<std::int64_t, std::int64_t> arrow_list_range(const ArrowArray& array, const ArrowType& type,
                                                       std::int64_t cell, const Where& where) {
  const std::int64_t at = array.offset + cell;
  const auto range = [&]<class Offset>(Offset) -> std::pair<std::int64_t, std::int64_t> {
    return {arrow_value<Offset>(array.buffers[1], at), arrow_value<Offset>(array.buffers[1], at + 1)};
  };
  const auto view = [&]<class Offset>(Offset) -> std::pair<std::int64_t, std::int64_t> {
    const auto first = arrow_value<Offset>(array.buffers[1], at), size = arrow_value<Offset>(array.buffers[2], at);
    const std::int64_t items = array.children[0]->length;
    if (first < 0 || size < 0 || first > items || size > items - first)
      fail(ErrorCode::format, where(), ": expected a list within ", items, " values, got ", size, " values from ",
           first, " on");
    return {first, std::int64_t{first} + size};
  };
  switch (type.kind) {
    case ArrowKind::list: return range(std::int32_t{});
    case ArrowKind::large_list: return range(std::int64_t{});
    case ArrowKind::list_view: return view(std::int32_t{});
    case ArrowKind::large_list_view: return view(std::int64_t{});
    default: return {at * type.list_size, (at + 1) * type.list_size};
  }
}

/// Puts the cells of an array from `begin` on, counted from its offset, into `cells`; calls null(i) for the cells[i]
/// that gets no value. Throws format for an array that contradicts itself, for a text that is not UTF-8 and for a null
/// in a list, dtype for a number that does not fit.
template <class T, class Null>
void put_arrow_cells(const ArrowArray& array, std::int64_t begin, const ArrowType& type, const ArrowPlace& place,
                     std::span<T> cells, const Null& null) {
  const ArrowCells<T> values(array, type, place);
  const auto index = [&](std::int64_t cell) { return static_cast<std::size_t>(cell - begin); };
  values.each(
      begin, begin + static_cast<std::int64_t>(cells.size()),
      [&](std::int64_t cell) { return place.of_row(cell - begin); },
      [&](std::int64_t cell, const auto& value) { cells[index(cell)] = value; },
      [&](std::int64_t cell) { null(index(cell)); });
}

template <class T, class Null>
void put_arrow_cells(const ArrowArray& array, std::int64_t begin, const ArrowType& type, const ArrowPlace& place,
                     std::span<std::vector<T>> cells, const Null& null) {
  check_arrow_array(array, type, place.of_column());
  const ArrowCells<T> items(*array.children[0], *type.items, place);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::int64_t cell = begin + static_cast<std::int64_t>(i);
    if (!is_arrow_valid(array, cell)) {
      null(i);
      continue;
    }
    const auto where = [&] { return place.of_row(cell - begin); };
    const auto [first, last] = arrow_list_range(array, type, cell, where);
    std::vector<T>& list = cells[i];
    list.reserve(static_cast<std::size_t>(last - first));
    items.each(
        first, last, [&](std::int64_t) { return where(); },
        [&](std::int64_t, const auto& value) { list.emplace_back(value); },
        [&](std::int64_t) {
          fail(ErrorCode::format, where(), ": expected values in the list, got null; ", place.advice);
        });
  }
}

/// A column under construction.
class ArrowColumn {
 public:
  /// `place` is that of the first row. Throws dtype for a type that no column can be made of, format for a schema that
  /// contradicts itself.
  ArrowColumn(const ArrowSchema& schema, ArrowPlace place)
      : place_(std::move(place)), type_(arrow_type(schema, place_)), values_(column_values_of(type_)) {}

  /// Adds `length` cells from `begin` on, counted from the array's offset. Throws as put_arrow_cells().
  void append(const ArrowArray& array, std::int64_t begin, std::int64_t length) {
    check(begin <= array.length && length <= array.length - begin, ErrorCode::format, place_.of_column(), ": expected ",
          length, " cells from ", begin, " on, got ", array.length, " in all");
    std::visit(
        [&](auto& values) {
          const std::size_t before = values.size();
          values.resize(before + static_cast<std::size_t>(length));
          put_arrow_cells(array, begin, type_, place_, std::span(values).subspan(before), [&](std::size_t i) {
            if (nulls_.size() <= before + i) nulls_.resize(before + i + 1);
            nulls_[before + i] = true;
          });
        },
        values_);
    place_.first_row += length;
  }

  const std::string& name() const { return place_.column; }
  bool is_boolean() const { return is_arrow_boolean(type_); }

  /// The values; cells that hold none are empty or 0.
  ColumnValues take_values() { return std::move(values_); }

  /// Which of `rows` cells hold no value; empty: all hold one.
  std::vector<bool> take_nulls(std::int64_t rows) {
    if (!nulls_.empty()) nulls_.resize(static_cast<std::size_t>(rows));
    return std::move(nulls_);
  }

 private:
  ArrowPlace place_;
  ArrowType type_;
  ColumnValues values_;
  std::vector<bool> nulls_;
};

/// The data set of columns with the same number of rows. Throws as Dataset::from_columns.
inline Dataset dataset_of(std::vector<ArrowColumn> columns, std::int64_t rows, SourceLocations places) {
  Columns values;
  std::vector<std::string> booleans;
  for (ArrowColumn& column : columns) {
    if (column.is_boolean()) booleans.push_back(column.name());
    values.push_back({column.name(), column.take_values()});
  }
  Dataset result = Dataset::from_columns(std::move(values), std::move(places), booleans);
  for (ArrowColumn& column : columns)
    if (const std::vector<bool> nulls = column.take_nulls(rows); !nulls.empty())
      result = result.with_nulls(column.name(), nulls);
  return result;
}

}  // namespace tl::detail
