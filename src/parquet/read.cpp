// Parquet files by Apache Arrow: one group of rows after the other, so that Arrow's form of the data is in memory for
// one of them only.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/dtype.hpp>
#include <tl/core/finite.hpp>
#include <tl/data/compression.hpp>
#include <tl/io/utf8.hpp>

#include "arrow_error.hpp"
#include "features.hpp"
#include "parquet.hpp"

namespace tl::parquet {

namespace {

using std::filesystem::path;

/// Where a value is, for a sentence.
struct Place {
  const path& file;
  const std::string& column;
  std::int64_t first_row;  // of the array, from 1

  std::string of(std::int64_t row) const {
    return str_cat(file.native(), ", row ", first_row + row, ", column ", tl::python_repr(column));
  }
};

[[noreturn]] void fail_type(const path& file, const std::string& column, const arrow::DataType& type) {
  fail(ErrorCode::dtype, file.native(), ", column ", tl::python_repr(column),
       ": expected texts, numbers, booleans or lists of texts or numbers, got ", type.ToString(),
       "; choose other columns with the option columns");
}

void require_values(const arrow::Array& array, const Place& place) {
  if (array.null_count() == 0) return;
  for (std::int64_t row = 0; row < array.length(); ++row)
    check(array.IsValid(row), ErrorCode::format, place.of(row),
          ": expected a value, got null; fill it or drop the row in Python, or choose other columns with the option ",
          "columns");
}

std::string text_at(std::string_view text, std::int64_t row, const Place& place) {
  check(find_invalid_utf8(text) == std::string::npos, ErrorCode::format, place.of(row), ": expected UTF-8, got ",
        escape_invalid_utf8(std::string(text.substr(0, 60))));
  return std::string(text);
}

template <class Array, class Append> void each_text(const Array& array, const Place& place, const Append& append) {
  for (std::int64_t row = 0; row < array.length(); ++row) append(text_at(array.GetView(row), row, place));
}

/// Calls `append` with the texts of an array that is not coded; false if it holds something else.
template <class Append> bool plain_texts(const arrow::Array& array, const Place& place, const Append& append) {
  if (array.type_id() == arrow::Type::STRING) each_text(static_cast<const arrow::StringArray&>(array), place, append);
  else if (array.type_id() == arrow::Type::LARGE_STRING)
    each_text(static_cast<const arrow::LargeStringArray&>(array), place, append);
  else return false;
  return true;
}

/// The same, also for codes of texts in a dictionary.
template <class Append> bool texts(const arrow::Array& array, const Place& place, const Append& append) {
  if (array.type_id() != arrow::Type::DICTIONARY) return plain_texts(array, place, append);
  const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
  std::vector<std::string> values;
  if (!plain_texts(*coded.dictionary(), place, [&](std::string text) { values.push_back(std::move(text)); }))
    return false;
  for (std::int64_t row = 0; row < array.length(); ++row)
    append(values.at(static_cast<std::size_t>(coded.GetValueIndex(row))));
  return true;
}

/// The type of numbers that a type of Arrow becomes.
enum class Numbers { none, whole, boolean, real };

Numbers numbers_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::BOOL) return Numbers::boolean;
  if (arrow::is_integer(type.id())) return Numbers::whole;
  return arrow::is_floating(type.id()) ? Numbers::real : Numbers::none;
}

template <class Array, class Append> void each_number(const arrow::Array& array, const Append& append) {
  const auto& values = static_cast<const Array&>(array);
  for (std::int64_t row = 0; row < array.length(); ++row) append(row, values.Value(row));
}

/// Calls `append` with the row and the number of each value, in the type that Arrow has for it.
template <class Append> void numbers(const arrow::Array& array, const Append& append) {
  switch (array.type_id()) {
    case arrow::Type::BOOL: return each_number<arrow::BooleanArray>(array, append);
    case arrow::Type::INT8: return each_number<arrow::Int8Array>(array, append);
    case arrow::Type::INT16: return each_number<arrow::Int16Array>(array, append);
    case arrow::Type::INT32: return each_number<arrow::Int32Array>(array, append);
    case arrow::Type::INT64: return each_number<arrow::Int64Array>(array, append);
    case arrow::Type::UINT8: return each_number<arrow::UInt8Array>(array, append);
    case arrow::Type::UINT16: return each_number<arrow::UInt16Array>(array, append);
    case arrow::Type::UINT32: return each_number<arrow::UInt32Array>(array, append);
    case arrow::Type::UINT64: return each_number<arrow::UInt64Array>(array, append);
    case arrow::Type::FLOAT: return each_number<arrow::FloatArray>(array, append);
    case arrow::Type::DOUBLE: return each_number<arrow::DoubleArray>(array, append);
    default: {  // HALF_FLOAT, whose bits Arrow gives
      const auto& bits = static_cast<const arrow::HalfFloatArray&>(array).raw_values();
      for (std::int64_t row = 0; row < array.length(); ++row) {
        half value;
        value.bits = bits[row];
        append(row, static_cast<double>(static_cast<float>(value)));
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

/// A column that is being read.
class ColumnReader {
 public:
  ColumnReader(const path& file, std::string name, std::shared_ptr<arrow::DataType> type)
      : file_(file), name_(std::move(name)), type_(std::move(type)) {
    const arrow::DataType& cells = cell_type();
    const bool is_list = &cells != type_.get();
    const Numbers kind = numbers_of(cells);
    const arrow::DataType* text = &cells;
    if (cells.id() == arrow::Type::DICTIONARY)
      text = static_cast<const arrow::DictionaryType&>(cells).value_type().get();
    const bool is_text = text->id() == arrow::Type::STRING || text->id() == arrow::Type::LARGE_STRING;
    if (!is_text && kind == Numbers::none) fail_type(file_, name_, *type_);
    if (is_list && is_text) values_.emplace<std::vector<std::vector<std::string>>>();
    else if (is_list && kind == Numbers::real) values_.emplace<std::vector<std::vector<float>>>();
    else if (is_list) values_.emplace<std::vector<std::vector<std::int32_t>>>();
    else if (is_text) values_.emplace<std::vector<std::string>>();
    else if (kind == Numbers::real) values_.emplace<std::vector<double>>();
    else values_.emplace<std::vector<std::int64_t>>();
    is_boolean = !is_list && kind == Numbers::boolean;
  }

  void append(const arrow::ChunkedArray& chunks, std::int64_t first_row) {
    for (const auto& chunk : chunks.chunks()) {
      const Place place{file_, name_, first_row};
      require_values(*chunk, place);
      std::visit([&](auto& values) { append_cells(*chunk, place, values); }, values_);
      first_row += chunk->length();
    }
  }

  const std::string& name() const { return name_; }
  NamedColumn column() && { return {std::move(name_), std::move(values_)}; }

  bool is_boolean = false;

 private:
  /// The type of the values of lists, else that of the column.
  const arrow::DataType& cell_type() const {
    return arrow::is_list_like(type_->id()) ? *static_cast<const arrow::BaseListType&>(*type_).value_type() : *type_;
  }

  static void append_cells(const arrow::Array& array, const Place& place, std::vector<std::string>& values) {
    if (!texts(array, place, [&](std::string text) { values.push_back(std::move(text)); }))
      fail_type(place.file, place.column, *array.type());
  }

  template <class T>
  requires std::is_arithmetic_v<T>
  static void append_cells(const arrow::Array& array, const Place& place, std::vector<T>& values) {
    numbers(array, [&](std::int64_t row, auto value) { values.push_back(number_as<T>(value, row, place)); });
  }

  template <class T>
  static void append_cells(const arrow::Array& array, const Place& place, std::vector<std::vector<T>>& lists) {
    switch (array.type_id()) {
      case arrow::Type::LIST: return append_lists(static_cast<const arrow::ListArray&>(array), place, lists);
      case arrow::Type::LARGE_LIST: return append_lists(static_cast<const arrow::LargeListArray&>(array), place, lists);
      case arrow::Type::FIXED_SIZE_LIST:
        return append_lists(static_cast<const arrow::FixedSizeListArray&>(array), place, lists);
      default: fail_type(place.file, place.column, *array.type());
    }
  }

  template <class Lists, class T>
  static void append_lists(const Lists& array, const Place& place, std::vector<std::vector<T>>& lists) {
    for (std::int64_t row = 0; row < array.length(); ++row) {
      const Place of_row{place.file, place.column, place.first_row + row};
      const auto cells = array.value_slice(row);
      for (std::int64_t cell = 0; cells->null_count() > 0 && cell < cells->length(); ++cell)
        check(cells->IsValid(cell), ErrorCode::format, of_row.of(0), ": expected values in the list, got null");
      std::vector<T>& list = lists.emplace_back();
      list.reserve(static_cast<std::size_t>(cells->length()));
      if constexpr (std::is_same_v<T, std::string>)
        (void)texts(*cells, of_row, [&](std::string text) { list.push_back(std::move(text)); });
      else numbers(*cells, [&](std::int64_t, auto value) { list.push_back(number_as<T>(value, 0, of_row)); });
    }
  }

  const path& file_;
  std::string name_;
  std::shared_ptr<arrow::DataType> type_;
  ColumnValues values_;
};

/// The bytes of a file; those of a compressed one are decompressed into memory, since parquet is read from its end.
std::shared_ptr<arrow::io::RandomAccessFile> open(const path& file) {
  if (tl::detail::compression_of(file) != nullptr)
    return arrow::io::BufferReader::FromString(tl::detail::read_data_file(file));
  return value_of(arrow::io::ReadableFile::Open(file.string()), file);
}

/// One parquet file.
class FileReader {
 public:
  explicit FileReader(const path& file) : file_(file) {
    std::error_code absent;
    check(!std::filesystem::is_directory(file, absent), ErrorCode::io, "cannot read ", file.native(),
          ": it is a folder");
    auto input = open(file);
    ::parquet::arrow::FileReaderBuilder builder;
    require_ok(builder.Open(std::move(input)), file);
    require_ok(builder.Build(&reader_), file);
    reader_->set_use_threads(true);
    require_ok(reader_->GetSchema(&schema_), file);
  }

  /// The columns of these names, or all.
  Dataset read(const std::vector<std::string>& wanted) {
    std::vector<ColumnReader> columns = columns_of(wanted);
    const std::vector<int> leaves = leaves_of(columns);
    std::int64_t rows = 0;
    for (int group = 0; group < reader_->num_row_groups(); ++group) {
      std::shared_ptr<arrow::Table> table;
      require_ok(reader_->ReadRowGroup(group, leaves, &table), file_);
      for (ColumnReader& column : columns) column.append(*table->GetColumnByName(column.name()), rows + 1);
      rows += table->num_rows();
    }
    return dataset(std::move(columns), rows);
  }

 private:
  std::vector<ColumnReader> columns_of(const std::vector<std::string>& wanted) const {
    std::vector<std::string> names = schema_->field_names();
    for (const std::string& name : names)
      check(std::ranges::count(names, name) == 1, ErrorCode::format, file_.native(), ": expected columns of different ",
            "names, got ", tl::python_repr(name), " twice");
    std::vector<ColumnReader> columns;
    for (const std::string& name : wanted.empty() ? names : wanted) {
      const auto field = schema_->GetFieldByName(name);
      check(field != nullptr, ErrorCode::not_found, file_.native(), ": expected a column ", tl::python_repr(name),
            ", the columns are ", tl::detail::python_text(names));
      columns.emplace_back(file_, name, field->type());
    }
    return columns;
  }

  /// The numbers of the columns' leaves in the file: a list is one, too.
  std::vector<int> leaves_of(const std::vector<ColumnReader>& columns) const {
    const auto* const schema = reader_->parquet_reader()->metadata()->schema();
    std::vector<int> leaves;
    for (int i = 0; i < schema->num_columns(); ++i) {
      const std::string field = schema->Column(i)->path()->ToDotVector().front();
      if (std::ranges::any_of(columns, [&](const ColumnReader& column) { return column.name() == field; }))
        leaves.push_back(i);
    }
    return leaves;
  }

  Dataset dataset(std::vector<ColumnReader> readers, std::int64_t rows) const {
    Columns columns;
    std::vector<std::string> booleans;
    for (ColumnReader& reader : readers) {
      if (reader.is_boolean) booleans.push_back(reader.name());
      columns.push_back(std::move(reader).column());
    }
    SourceLocations places{.file = file_.native(), .unit = "row"};
    places.numbers.resize(static_cast<std::size_t>(rows));
    std::iota(places.numbers.begin(), places.numbers.end(), 1);
    Dataset result = Dataset::from_columns(std::move(columns), std::move(places), booleans);
    const auto metadata = schema_->metadata();
    const int key = metadata == nullptr ? -1 : metadata->FindKey("huggingface");
    if (key < 0) return result;
    for (auto& [column, names] : read_class_names(metadata->value(key), file_.native()))
      if (result.has_column(column)) result = result.with_class_names(column, std::move(names));
    return result;
  }

  const path& file_;
  std::unique_ptr<::parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Dataset read_parquet(const path& file, const std::vector<std::string>& columns) {
  try {
    return FileReader(file).read(columns);
  } catch (const ::parquet::ParquetException& error) {
    fail(ErrorCode::format, file.native(), ": expected a parquet file that can be read, Arrow says: ", error.what());
  }
}

}  // namespace tl::parquet
