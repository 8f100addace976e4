// Tables that come by Arrow's C Data Interface: two C structs, by which pyarrow, Polars, DuckDB and others hand over
// columns without a file and without a library that both would have to link. Values are copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/arrow/arrow_abi.hpp>
#include <tl/data/arrow/arrow_column.hpp>
#include <tl/data/arrow/arrow_types.hpp>
#include <tl/data/arrow/arrow_values.hpp>
#include <tl/data/arrow/schema_features.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

namespace detail {

/// The value of a key in the metadata of a schema: a number of pairs, and for each text its length and its bytes.
inline std::optional<std::string_view> arrow_metadata(const char* metadata, std::string_view key) {
  if (metadata == nullptr) return std::nullopt;
  const auto number = [&] {
    const auto value = arrow_value<std::int32_t>(metadata, 0);
    check(value >= 0, ErrorCode::format, "from_arrow: expected metadata with sizes of at least 0, got ", value);
    metadata += sizeof(value);
    return value;
  };
  const auto text = [&] {
    const auto size = static_cast<std::size_t>(number());
    return std::string_view(std::exchange(metadata, metadata + size), size);
  };
  for (std::int32_t left = number(); left > 0; --left) {
    const std::string_view found = text(), value = text();
    if (found == key) return value;
  }
  return std::nullopt;
}

/// A data set that is made of batches of rows.
class ArrowTable {
 public:
  /// The columns of these names, or all.
  ArrowTable(const ArrowSchema& schema, const std::vector<std::string>& wanted) {
    check(schema.release != nullptr && schema.format != nullptr, ErrorCode::invalid_argument,
          "from_arrow: expected a schema, got one that is released");
    check(std::string_view(schema.format) == "+s", ErrorCode::dtype,
          "from_arrow: expected a table, whose format is '+s', got the format ", Repr{schema.format});
    check(schema.n_children >= 0 && (schema.n_children == 0 || schema.children != nullptr), ErrorCode::format,
          "from_arrow: expected columns, got ", schema.n_children, " at a null pointer or less than 0");
    const std::vector<std::string> names = names_of(schema);
    for (const std::string& name : wanted.empty() ? names : wanted) {
      const auto found = std::ranges::find(names, name);
      check(found != names.end(), ErrorCode::not_found, "from_arrow: expected a column ", Repr{name},
            ", the columns are ", python_text(names));
      numbers_.push_back(found - names.begin());
      columns_.emplace_back(*schema.children[numbers_.back()],
                            ArrowPlace{"from_arrow", name, 0, "choose other columns with the argument columns"});
    }
    children_ = schema.n_children;
    if (const auto text = arrow_metadata(schema.metadata, "huggingface")) features_ = *text;
  }

  void append(const ArrowArray& batch) {
    check_arrow_counts(batch, 1, false, children_, "from_arrow");
    for (std::int64_t row = 0; row < batch.length && batch.null_count != 0; ++row)
      if (!is_arrow_valid(batch, row))
        fail(ErrorCode::format, "from_arrow, row ", rows_ + row, ": expected a row, got null");
    for (std::size_t i = 0; i < columns_.size(); ++i)
      columns_[i].append(*batch.children[numbers_[i]], batch.offset, batch.length);
    rows_ += batch.length;
  }

  Dataset finish() {
    Dataset rows = dataset_of(std::move(columns_), rows_, {});
    return features_.empty() ? rows : with_class_names_of(std::move(rows), features_, "from_arrow");
  }

 private:
  static std::vector<std::string> names_of(const ArrowSchema& schema) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      check(schema.children[i] != nullptr, ErrorCode::format, "from_arrow: expected column ", i,
            " in the schema, got a null pointer");
      const char* const name = schema.children[i]->name;
      names.emplace_back(name == nullptr ? "" : name);
      check(find_invalid_utf8(names.back()) == std::string::npos, ErrorCode::format,
            "from_arrow: expected names of columns in UTF-8, got ", escape_invalid_utf8(names.back()));
    }
    for (const std::string& name : names)
      check(std::ranges::count(names, name) == 1, ErrorCode::format,
            "from_arrow: expected columns of different names, ", "got ", Repr{name}, " twice");
    return names;
  }

  std::vector<ArrowColumn> columns_;
  std::vector<std::int64_t> numbers_;  // of the columns among the children
  std::int64_t children_ = 0, rows_ = 0;
  std::string features_;
};

/// Throws io with what the producer says about a number that is not 0.
inline void check_arrow_stream(int error, ArrowArrayStream& stream) {
  if (error == 0) return;
  const char* const said = stream.get_last_error == nullptr ? nullptr : stream.get_last_error(&stream);
  fail(ErrorCode::io,
       "from_arrow: expected a batch of rows, the stream says: ", said != nullptr ? said : std::strerror(error));
}

}  // namespace detail

/// The rows of a table, by Arrow's C Data Interface: the columns of these names, or all. Texts, numbers, booleans,
/// dictionaries of them, and lists of texts or numbers; the names of classes are those that Python's datasets keeps in
/// the metadata. Takes both structs: they are released when it returns or throws. Throws invalid_argument for a null
/// pointer, not_found for a column that is not there, dtype for one of another type or a number that does not fit,
/// format for what contradicts itself and for texts that are not UTF-8.
inline Dataset from_arrow(ArrowSchema* schema, ArrowArray* array, const std::vector<std::string>& columns = {}) {
  detail::ArrowOwner<ArrowSchema> own_schema(schema);
  detail::ArrowOwner<ArrowArray> own_array(array);
  check(schema != nullptr && array != nullptr, ErrorCode::invalid_argument,
        "from_arrow: expected a schema and an array, got a null pointer");
  detail::ArrowTable table(*own_schema, columns);
  table.append(*own_array);
  return table.finish();
}

/// The same for all batches of a stream, by Arrow's C Stream Interface. Takes the stream. Also throws io with what the
/// stream says.
inline Dataset from_arrow(ArrowArrayStream* stream, const std::vector<std::string>& columns = {}) {
  detail::ArrowOwner<ArrowArrayStream> own(stream);
  check(stream != nullptr && !own.released(), ErrorCode::invalid_argument, "from_arrow: expected a stream, got ",
        stream == nullptr ? "a null pointer" : "one that is released");
  check(own->get_schema != nullptr && own->get_next != nullptr, ErrorCode::format,
        "from_arrow: expected a stream with get_schema and get_next, got a null pointer");
  detail::ArrowOwner<ArrowSchema> schema;
  detail::check_arrow_stream(own->get_schema(own.get(), schema.get()), *own);
  detail::ArrowTable table(*schema, columns);
  for (;;) {
    detail::ArrowOwner<ArrowArray> batch;
    detail::check_arrow_stream(own->get_next(own.get(), batch.get()), *own);
    if (batch.released()) return table.finish();
    table.append(*batch);
  }
}

}  // namespace tl
