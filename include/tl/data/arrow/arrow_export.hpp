// Data sets as tables of Arrow's C Data Interface: two C structs that pyarrow, Polars, DuckDB and others take. Values
// are copied; what is handed over lives until it is released and does not depend on the data set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/arrow/arrow_abi.hpp>
#include <tl/data/arrow/schema_features.hpp>
#include <tl/data/column.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

namespace detail {

/// The children of a struct, which are released with it, but for those that were moved elsewhere.
template <class Struct> struct ExportedChildren {
  std::vector<std::unique_ptr<Struct>> owned = {};
  std::vector<Struct*> pointers = {};

  ExportedChildren() = default;
  ~ExportedChildren() {
    for (const auto& child : owned)
      if (child->release != nullptr) child->release(child.get());
  }
  ExportedChildren(const ExportedChildren&) = delete;
  ExportedChildren& operator=(const ExportedChildren&) = delete;
};

/// What a struct that is handed over points to: it lives until the struct is released, wherever it has been moved.
struct ExportedSchema {
  std::string format = {}, name = {}, metadata = {};
  ExportedChildren<ArrowSchema> children = {};
};
struct ExportedArray {
  std::vector<std::shared_ptr<const void>> keeps = {};
  std::vector<const void*> buffers = {};
  ExportedChildren<ArrowArray> children = {};
};

template <class Struct, class Exported> void release_exported(Struct* released) {
  delete static_cast<Exported*>(released->private_data);
  released->release = nullptr;
}

/// The parts of both structs for a column, or for the table.
struct ExportedColumn {
  std::unique_ptr<ExportedSchema> schema = std::make_unique<ExportedSchema>();
  std::unique_ptr<ExportedArray> array = std::make_unique<ExportedArray>();
  std::int64_t length = 0, null_count = 0;

  /// Adds a buffer of values.
  template <class T> void add(std::vector<T> values) {
    if (values.capacity() == 0) values.reserve(1);  // a pointer that is not null also for no values
    const auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    array->buffers.push_back(kept->data());
    array->keeps.push_back(kept);
  }

  /// Adds the bitmap of cells that hold a value, or none if all do.
  void add_validity(const std::vector<bool>& nulls) {
    if (nulls.empty()) return array->buffers.push_back(nullptr);
    std::vector<std::uint8_t> bits((nulls.size() + 7) / 8);
    for (std::size_t i = 0; i < nulls.size(); ++i)
      if (nulls[i]) ++null_count;
      else bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (1u << (i % 8)));
    add(std::move(bits));
  }

  void add_child(ExportedColumn child);

  /// Hands over; the structs may be any memory.
  void move_to(ArrowSchema& to_schema, ArrowArray& to_array) && {
    const auto children = static_cast<std::int64_t>(schema->children.owned.size());
    constexpr std::int64_t nullable = ARROW_FLAG_NULLABLE;
    to_schema = {schema->format.c_str(),
                 schema->name.c_str(),
                 schema->metadata.empty() ? nullptr : schema->metadata.data(),
                 schema->format == "+s" ? 0 : nullable,
                 children,
                 schema->children.pointers.data(),
                 nullptr,
                 release_exported<ArrowSchema, ExportedSchema>,
                 schema.get()};
    to_array = {length,
                null_count,
                0,
                static_cast<std::int64_t>(array->buffers.size()),
                children,
                array->buffers.data(),
                array->children.pointers.data(),
                nullptr,
                release_exported<ArrowArray, ExportedArray>,
                array.get()};
    (void)schema.release();
    (void)array.release();
  }
};

inline void ExportedColumn::add_child(ExportedColumn child) {
  auto& schemas = schema->children;
  auto& arrays = array->children;
  schemas.pointers.push_back(schemas.owned.emplace_back(std::make_unique<ArrowSchema>()).get());
  arrays.pointers.push_back(arrays.owned.emplace_back(std::make_unique<ArrowArray>()).get());
  std::move(child).move_to(*schemas.pointers.back(), *arrays.pointers.back());
}

/// Adds where each of `size(i)` things ends, and sets the format: `narrow` with 32 bits if they fit.
template <class Size>
void add_offsets(ExportedColumn& column, std::size_t count, const Size& size, const char* narrow, const char* wide) {
  std::vector<std::int64_t> ends(1, 0);
  ends.reserve(count + 1);
  for (std::size_t i = 0; i < count; ++i) ends.push_back(ends.back() + static_cast<std::int64_t>(size(i)));
  const bool fits = ends.back() <= std::numeric_limits<std::int32_t>::max();
  column.schema->format = fits ? narrow : wide;
  if (fits) column.add(std::vector<std::int32_t>(ends.begin(), ends.end()));
  else column.add(std::move(ends));
}

/// Texts, or numbers of one type as the buffer has them.
inline void add_values(ExportedColumn& column, const std::vector<std::string_view>& texts) {
  add_offsets(
      column, texts.size(), [&](std::size_t i) { return texts[i].size(); }, "u", "U");
  std::vector<char> bytes;
  std::size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  bytes.reserve(size);
  for (const std::string_view text : texts) bytes.insert(bytes.end(), text.begin(), text.end());
  column.add(std::move(bytes));
}

template <class T> constexpr const char* arrow_format() {
  if constexpr (std::is_same_v<T, std::int32_t>) return "i";
  else if constexpr (std::is_same_v<T, std::int64_t>) return "l";
  else if constexpr (std::is_same_v<T, float>) return "f";
  else return "g";
}

template <class T> void add_values(ExportedColumn& column, std::vector<T> numbers) {
  column.schema->format = arrow_format<T>();
  column.add(std::move(numbers));
}

/// Begins sentences of errors: what was called, and the number of the first row.
struct ExportPlace {
  std::string caller;
  std::int64_t first_row = 0;
};

/// Throws format with the row for a text that is not UTF-8.
inline void check_exported(std::string_view text, const ExportPlace& place, std::int64_t row, const std::string& name) {
  if (find_invalid_utf8(text) == std::string_view::npos) return;
  fail(ErrorCode::format, place.caller, ", row ", place.first_row + row, ", column ", Repr{name},
       ": expected UTF-8, got ", escape_invalid_utf8(text.substr(0, 60)));
}

/// One column of a data set.
class ColumnExporter {
 public:
  ColumnExporter(const Dataset& rows, const std::string& name, const ExportPlace& place)
      : rows_(rows), name_(name), place_(place) {
    column_.schema->name = name;
    column_.length = rows.num_rows();
    column_.add_validity(rows.nulls(name));
  }

  ExportedColumn column() && {
    switch (rows_.column_type(name_)) {
      case ColumnType::string: add_texts(); break;
      case ColumnType::int64: rows_.is_boolean(name_) ? add_booleans() : add_numbers<std::int64_t>(); break;
      case ColumnType::float64: add_numbers<double>(); break;
      case ColumnType::list_int32:
        // Python's datasets takes only 64 bits for class ids
        if (rows_.class_names(name_).empty()) add_lists<std::int32_t, std::int32_t>();
        else add_lists<std::int32_t, std::int64_t>();
        break;
      case ColumnType::list_float32: add_lists<float, float>(); break;
      case ColumnType::list_string: add_lists<std::string, std::string_view>(); break;
    }
    return std::move(column_);
  }

 private:
  void add_texts() {
    std::vector<std::string_view> texts;
    for (const std::string& text : rows_.column_with_nulls<std::string>(name_)) {
      check_exported(text, place_, static_cast<std::int64_t>(texts.size()), name_);
      texts.push_back(text);
    }
    add_values(column_, texts);
  }

  template <class T> void add_numbers() { add_values(column_, rows_.column_with_nulls<T>(name_).to_vector()); }

  void add_booleans() {
    column_.schema->format = "b";
    std::vector<std::uint8_t> bits((static_cast<std::size_t>(column_.length) + 7) / 8);
    std::size_t row = 0;
    for (const std::int64_t value : rows_.column_with_nulls<std::int64_t>(name_)) {
      if (value != 0) bits[row / 8] = static_cast<std::uint8_t>(bits[row / 8] | (1u << (row % 8)));
      ++row;
    }
    column_.add(std::move(bits));
  }

  template <class From, class To> void add_lists() {
    const auto lists = rows_.column_with_nulls<std::vector<From>>(name_);
    add_offsets(
        column_, static_cast<std::size_t>(lists.size()),
        [&](std::size_t i) { return lists[static_cast<std::int64_t>(i)].size(); }, "+l", "+L");
    std::vector<To> items;
    for (std::int64_t row = 0; row < lists.size(); ++row)
      for (const From& item : lists[row]) {
        if constexpr (std::is_same_v<From, std::string>) check_exported(item, place_, row, name_);
        items.push_back(item);
      }
    ExportedColumn child;
    child.schema->name = "item";
    child.length = static_cast<std::int64_t>(items.size());
    child.add_validity({});
    add_values(child, std::move(items));
    column_.add_child(std::move(child));
  }

  const Dataset& rows_;
  const std::string& name_;
  const ExportPlace& place_;
  ExportedColumn column_;
};

/// The metadata of a schema with one key.
inline std::string schema_metadata(std::string_view key, std::string_view value) {
  std::string out;
  const auto number = [&](std::size_t value_of) {
    check(value_of <= std::numeric_limits<std::int32_t>::max(), ErrorCode::shape,
          "to_arrow: expected metadata below 2 GB, got ", value_of, " bytes");
    const auto size = static_cast<std::int32_t>(value_of);
    char bytes[sizeof(size)];
    std::memcpy(bytes, &size, sizeof(size));
    out.append(bytes, sizeof(size));
  };
  number(1);
  for (const std::string_view text : {key, value}) {
    number(text.size());
    out += text;
  }
  return out;
}

/// All columns as those of a struct.
inline ExportedColumn export_table(const Dataset& rows, const ExportPlace& place) {
  ExportedColumn table;
  table.schema->format = "+s";
  table.schema->metadata = schema_metadata("huggingface", write_features(rows));
  table.length = rows.num_rows();
  table.add_validity({});
  for (const std::string& name : rows.column_names()) {
    check(find_invalid_utf8(name) == std::string::npos && name.find('\0') == std::string::npos, ErrorCode::format,
          place.caller, ": expected names of columns in UTF-8 and without NUL, got ", escape_invalid_utf8(name));
    table.add_child(ColumnExporter(rows, name, place).column());
  }
  return table;
}

}  // namespace detail

/// Hands the rows over by Arrow's C Data Interface: a schema and an array of a struct with all columns, which the
/// receiver releases. Texts are utf8 (large_utf8 from 2 GB on), lists are lists, booleans are booleans, cells that hold
/// no value are nulls, and the names of classes are in the metadata as Python's datasets keeps them. The memory behind
/// the pointers is written when all is done, so it holds nothing to release if this throws. Throws invalid_argument for
/// a null pointer, format for texts that are not UTF-8.
inline void to_arrow(const Dataset& rows, ArrowSchema* schema, ArrowArray* array) {
  check(schema != nullptr && array != nullptr, ErrorCode::invalid_argument,
        "to_arrow: expected memory for a schema and an array, got a null pointer");
  detail::export_table(rows, {"to_arrow"}).move_to(*schema, *array);
}

}  // namespace tl
