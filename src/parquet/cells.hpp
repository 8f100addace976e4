// Cells of Arrow's arrays as values of a data set's columns: each goes to its place in a column that has room for all.
#pragma once

#include <arrow/api.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/dtype.hpp>
#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/data/column.hpp>
#include <tl/io/utf8.hpp>

namespace tl::parquet {

/// Where values are, for a sentence.
struct Place {
  const std::filesystem::path& file;
  const std::string& column;
  std::int64_t first_row;  // from 1

  std::string of(std::int64_t row) const {
    return str_cat(file.native(), ", row ", first_row + row, ", column ", tl::python_repr(column));
  }
};

[[noreturn]] inline void fail_type(const std::filesystem::path& file, const std::string& column,
                                   const arrow::DataType& type) {
  fail(ErrorCode::dtype, file.native(), ", column ", tl::python_repr(column),
       ": expected texts, numbers, booleans or lists of texts or numbers, got ", type.ToString(),
       "; choose other columns with the option columns");
}

[[noreturn]] inline void fail_null(const Place& place, std::int64_t row) {
  fail(ErrorCode::format, place.of(row), ": expected a value, got null; fill it or drop the row in Python, or choose ",
       "other columns with the option columns");
}

inline void require_values(const arrow::Array& array, const Place& place) {
  if (array.null_count() == 0) return;
  for (std::int64_t row = 0; row < array.length(); ++row)
    if (array.IsNull(row)) fail_null(place, row);
}

/// Throws format for a text that is not UTF-8.
inline void require_utf8(std::string_view text, const Place& place, std::int64_t row) {
  if (tl::detail::is_ascii(text.data(), text.size())) return;
  check(find_invalid_utf8(text) == std::string_view::npos, ErrorCode::format, place.of(row), ": expected UTF-8, got ",
        escape_invalid_utf8(std::string(text.substr(0, 60))));
}

template <class Array, class Take> void each_text(const Array& array, const Place& place, const Take& take) {
  for (std::int64_t row = 0; row < array.length(); ++row) {
    const std::string_view text = array.GetView(row);
    require_utf8(text, place, row);
    take(row, text);
  }
}

/// Calls `take` with row and text of an array that is not coded; false if it holds something else.
template <class Take> bool plain_texts(const arrow::Array& array, const Place& place, const Take& take) {
  if (array.type_id() == arrow::Type::STRING) each_text(static_cast<const arrow::StringArray&>(array), place, take);
  else if (array.type_id() == arrow::Type::LARGE_STRING)
    each_text(static_cast<const arrow::LargeStringArray&>(array), place, take);
  else return false;
  return true;
}

/// The same, also for codes of texts in a dictionary.
template <class Take> bool texts(const arrow::Array& array, const Place& place, const Take& take) {
  if (array.type_id() != arrow::Type::DICTIONARY) return plain_texts(array, place, take);
  const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
  std::vector<std::string_view> values;
  if (!plain_texts(*coded.dictionary(), place, [&](std::int64_t, std::string_view text) { values.push_back(text); }))
    return false;
  for (std::int64_t row = 0; row < array.length(); ++row)
    take(row, values.at(static_cast<std::size_t>(coded.GetValueIndex(row))));
  return true;
}

/// The type of numbers that a type of Arrow becomes.
enum class Numbers { none, whole, boolean, real };

inline Numbers numbers_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::BOOL) return Numbers::boolean;
  if (arrow::is_integer(type.id())) return Numbers::whole;
  return arrow::is_floating(type.id()) ? Numbers::real : Numbers::none;
}

template <class Array, class Take> void each_number(const arrow::Array& array, const Take& take) {
  const auto& values = static_cast<const Array&>(array);
  for (std::int64_t row = 0; row < array.length(); ++row) take(row, values.Value(row));
}

/// Calls `take` with the row and the number of each value, in the type that Arrow has for it.
template <class Take> void numbers(const arrow::Array& array, const Take& take) {
  switch (array.type_id()) {
    case arrow::Type::BOOL: return each_number<arrow::BooleanArray>(array, take);
    case arrow::Type::INT8: return each_number<arrow::Int8Array>(array, take);
    case arrow::Type::INT16: return each_number<arrow::Int16Array>(array, take);
    case arrow::Type::INT32: return each_number<arrow::Int32Array>(array, take);
    case arrow::Type::INT64: return each_number<arrow::Int64Array>(array, take);
    case arrow::Type::UINT8: return each_number<arrow::UInt8Array>(array, take);
    case arrow::Type::UINT16: return each_number<arrow::UInt16Array>(array, take);
    case arrow::Type::UINT32: return each_number<arrow::UInt32Array>(array, take);
    case arrow::Type::UINT64: return each_number<arrow::UInt64Array>(array, take);
    case arrow::Type::FLOAT: return each_number<arrow::FloatArray>(array, take);
    case arrow::Type::DOUBLE: return each_number<arrow::DoubleArray>(array, take);
    default: {  // HALF_FLOAT, whose bits Arrow gives
      const auto& bits = static_cast<const arrow::HalfFloatArray&>(array).raw_values();
      for (std::int64_t row = 0; row < array.length(); ++row) {
        half value;
        value.bits = bits[row];
        take(row, static_cast<double>(static_cast<float>(value)));
      }
    }
  }
}

/// A number as T. Throws dtype if T cannot hold it.
template <class T, class From> T number_as(From value, std::int64_t row, const Place& place) {
  if constexpr (std::is_integral_v<T> && std::is_integral_v<From> && !std::is_same_v<From, bool>)
    check(std::in_range<T>(value), ErrorCode::dtype, place.of(row), ": expected a number of ", 8 * sizeof(T),
          " bits, got ", value);
  if constexpr (std::is_same_v<T, float> && std::is_same_v<From, double>)
    check(tl::detail::fits_float(value), ErrorCode::dtype, place.of(row), ": expected a number of 32 bits, got ",
          value);
  return static_cast<T>(value);
}

inline void put_cells(const arrow::Array& array, const Place& place, std::span<std::string> cells) {
  const auto put = [&](std::int64_t row, std::string_view text) { cells[static_cast<std::size_t>(row)] = text; };
  if (!texts(array, place, put)) fail_type(place.file, place.column, *array.type());
}

template <class T>
requires std::is_arithmetic_v<T>
void put_cells(const arrow::Array& array, const Place& place, std::span<T> cells) {
  numbers(array, [&](std::int64_t row, auto value) {
    cells[static_cast<std::size_t>(row)] = number_as<T>(value, row, place);
  });
}

template <class Lists, class T>
void put_lists(const Lists& array, const Place& place, std::span<std::vector<T>> cells) {
  for (std::int64_t row = 0; row < array.length(); ++row) {
    const Place of_row{place.file, place.column, place.first_row + row};
    const auto values = array.value_slice(row);
    for (std::int64_t i = 0; values->null_count() > 0 && i < values->length(); ++i)
      check(values->IsValid(i), ErrorCode::format, of_row.of(0), ": expected values in the list, got null");
    std::vector<T>& list = cells[static_cast<std::size_t>(row)];
    list.reserve(static_cast<std::size_t>(values->length()));
    if constexpr (std::is_same_v<T, std::string>)
      (void)texts(*values, of_row, [&](std::int64_t, std::string_view text) { list.emplace_back(text); });
    else numbers(*values, [&](std::int64_t, auto value) { list.push_back(number_as<T>(value, 0, of_row)); });
  }
}

template <class T> void put_cells(const arrow::Array& array, const Place& place, std::span<std::vector<T>> cells) {
  switch (array.type_id()) {
    case arrow::Type::LIST: return put_lists(static_cast<const arrow::ListArray&>(array), place, cells);
    case arrow::Type::LARGE_LIST: return put_lists(static_cast<const arrow::LargeListArray&>(array), place, cells);
    case arrow::Type::FIXED_SIZE_LIST:
      return put_lists(static_cast<const arrow::FixedSizeListArray&>(array), place, cells);
    default: fail_type(place.file, place.column, *array.type());
  }
}

}  // namespace tl::parquet
