// Parquet files by Apache Arrow. The columns of the row groups are read in parallel, each to its place in the columns
// of the data set, so that Arrow's form of the data is in memory for some of them only.
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/parallel.hpp>
#include <tl/data/arrow/arrow_column.hpp>
#include <tl/data/arrow/schema_features.hpp>
#include <tl/data/compression.hpp>

#include "arrow_error.hpp"
#include "parquet.hpp"
#include "text_pages.hpp"

namespace tl::parquet {

namespace {

using std::filesystem::path;
using namespace tl::detail;

/// A column that is being read.
struct FileColumn {
  ArrowPlace place;  // of its first row
  ArrowType type;
  ColumnValues values = column_values_of(type);
  std::vector<int> leaves = {};  // its numbers in the file; one, unless it is of a type that is refused
  bool has_text_pages = false;
  std::vector<bool> nulls = {};  // which rows hold no value; empty: all do
};

/// A column of the type of Arrow, without rows. Throws dtype.
FileColumn column_of(const path& file, const arrow::Field& field) {
  ArrowPlace place{file.native(), field.name(), 1, "choose other columns with the option columns"};
  ArrowOwner<ArrowSchema> schema;
  require_ok(arrow::ExportField(field, schema.get()), file);
  ArrowType type = arrow_type(*schema, place);
  return {.place = std::move(place), .type = std::move(type)};
}

/// The bytes of a file; those of a compressed one are decompressed into memory, since parquet is read from its end.
std::shared_ptr<arrow::io::RandomAccessFile> open(const path& file) {
  if (compression_of(file) != nullptr) return arrow::io::BufferReader::FromString(read_data_file(file));
  return value_of(arrow::io::ReadableFile::Open(file.string()), file);
}

/// One parquet file.
class FileReader {
 public:
  explicit FileReader(const path& file) : file_(file) {
    std::error_code absent;
    check(!std::filesystem::is_directory(file, absent), ErrorCode::io, "cannot read ", file.native(),
          ": it is a folder");
    ::parquet::ReaderProperties properties;
    properties.enable_buffered_stream();  // else all pages of a column are in memory before the first is read
    properties.set_buffer_size(1 << 16);
    properties.set_page_checksum_verification(true);
    ::parquet::ArrowReaderProperties from_threads;
    from_threads.set_pre_buffer(false);  // a cache that threads must not share
    ::parquet::arrow::FileReaderBuilder builder;
    require_ok(builder.Open(open(file), properties), file);
    builder.properties(from_threads);
    require_ok(builder.Build(&reader_), file);
    metadata_ = reader_->parquet_reader()->metadata();
    require_ok(reader_->GetSchema(&schema_), file);
  }

  int groups() const { return metadata_->num_row_groups(); }

  /// The columns of these names, or all, in the row groups from .. to-1.
  Dataset read(const std::vector<std::string>& wanted, int from, int to) {
    std::vector<FileColumn> columns = columns_of(wanted);
    if (ends_.empty()) ends_ = ends_of_groups(columns);
    const std::int64_t before = from == 0 ? 0 : ends_[static_cast<std::size_t>(from - 1)];
    const std::int64_t rows = to == 0 ? 0 : ends_[static_cast<std::size_t>(to - 1)] - before;
    for (FileColumn& column : columns) make_rows(column, rows);
    const auto count = static_cast<std::int64_t>(columns.size());
    const std::int64_t tasks = count * (to - from);
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(tasks));
    std::vector<std::vector<std::size_t>> nulls(static_cast<std::size_t>(tasks));
    try {
      tl::parallel_for(tasks, 1, [&](std::int64_t task, std::int64_t) {
        const auto group = static_cast<std::size_t>(from + task / count);
        try {
          read_group(columns[static_cast<std::size_t>(task % count)], static_cast<int>(group), before,
                     (group == 0 ? 0 : ends_[group - 1]) - before, ends_[group] - before,
                     nulls[static_cast<std::size_t>(task)]);
        } catch (...) {
          errors[static_cast<std::size_t>(task)] = std::current_exception();
          throw;  // so that no later one begins
        }
      });
    } catch (...) {  // the first in the file, not the first that was found
      std::rethrow_exception(*std::ranges::find_if(errors, [](const auto& error) { return error != nullptr; }));
    }
    for (std::size_t task = 0; task < nulls.size(); ++task) {
      std::vector<bool>& flags = columns[task % columns.size()].nulls;
      if (!nulls[task].empty()) flags.resize(static_cast<std::size_t>(rows));
      for (const std::size_t row : nulls[task]) flags[row] = true;
    }
    return dataset(std::move(columns), before, rows);
  }

 private:
  std::vector<FileColumn> columns_of(const std::vector<std::string>& wanted) const {
    std::vector<std::string> names = schema_->field_names();
    for (const std::string& name : names)
      check(std::ranges::count(names, name) == 1, ErrorCode::format, file_.native(), ": expected columns of different ",
            "names, got ", python_repr(name), " twice");
    std::map<std::string, std::vector<int>> leaves;
    const auto* const schema = metadata_->schema();
    for (int i = 0; i < schema->num_columns(); ++i)
      leaves[schema->Column(i)->path()->ToDotVector().front()].push_back(i);
    std::vector<FileColumn> columns;
    for (const std::string& name : wanted.empty() ? names : wanted) {
      const auto field = schema_->GetFieldByName(name);
      check(field != nullptr, ErrorCode::not_found, file_.native(), ": expected a column ", python_repr(name),
            ", the columns are ", python_text(names));
      FileColumn column = column_of(file_, *field);
      column.leaves = leaves[name];
      column.has_text_pages = std::holds_alternative<std::vector<std::string>>(column.values) &&
                              column.leaves.size() == 1 && has_text_pages(*schema->Column(column.leaves.front()));
      columns.push_back(std::move(column));
    }
    return columns;
  }

  /// The row behind each row group. Throws format unless all that the file says about numbers of rows fits together:
  /// memory is asked for by them.
  std::vector<std::int64_t> ends_of_groups(const std::vector<FileColumn>& columns) const {
    std::vector<std::int64_t> ends;
    std::int64_t rows = 0;
    for (int i = 0; i < metadata_->num_row_groups(); ++i) {
      const auto group = metadata_->RowGroup(i);
      check(group->num_rows() >= 0 && group->num_rows() <= metadata_->num_rows() - rows, ErrorCode::format,
            file_.native(), ": expected row groups of ", metadata_->num_rows(), " rows in all, got one of ",
            group->num_rows(), " behind ", rows, "; the file is damaged");
      for (const FileColumn& column : columns)
        for (const int leaf : column.leaves) {
          const std::int64_t values = group->ColumnChunk(leaf)->num_values();
          check(values == group->num_rows() || metadata_->schema()->Column(leaf)->max_repetition_level() > 0,
                ErrorCode::format, file_.native(), ", column ", python_repr(column.place.column), ": expected ",
                group->num_rows(), " values in row group ", i, ", got ", values, "; the file is damaged");
        }
      ends.push_back(rows += group->num_rows());
    }
    check(rows == metadata_->num_rows(), ErrorCode::format, file_.native(), ": expected row groups of ",
          metadata_->num_rows(), " rows in all, got ", rows, "; the file is damaged");
    return ends;
  }

  /// Makes room for the rows of a column.
  void make_rows(FileColumn& column, std::int64_t rows) const {
    try {
      std::visit([&](auto& values) { values.resize(static_cast<std::size_t>(rows)); }, column.values);
    } catch (const std::exception&) {  // length_error or bad_alloc
      fail(ErrorCode::format, file_.native(), ", column ", python_repr(column.place.column),
           ": expected rows that fit into ", "memory, the file says that there are ", rows);
    }
  }

  /// Reads the rows begin .. end-1 of a column, which are those of a row group, and says which of them hold no value;
  /// `before` rows of the file come before them. Several threads do so at the same time.
  void read_group(FileColumn& column, int group, std::int64_t before, std::int64_t begin, std::int64_t end,
                  std::vector<std::size_t>& nulls) const {
    ArrowPlace place = column.place;
    place.first_row += before + begin;
    const auto rows = static_cast<std::size_t>(end - begin);
    if (column.has_text_pages) {
      const auto reader = reader_->parquet_reader()->RowGroup(group)->Column(column.leaves.front());
      auto& texts = std::get<std::vector<std::string>>(column.values);
      return read_text_pages(*reader, place, std::span(texts).subspan(static_cast<std::size_t>(begin), rows),
                             [&](std::size_t row) { nulls.push_back(static_cast<std::size_t>(begin) + row); });
    }
    std::shared_ptr<arrow::Table> table;
    require_ok(reader_->ReadRowGroup(group, column.leaves, &table), file_);
    check(table->num_rows() == end - begin && table->num_columns() == 1, ErrorCode::format, place.of_row(0),
          ": expected ", rows, " rows in row group ", group, ", got ", table->num_rows(), "; the file is damaged");
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto first = static_cast<std::size_t>(place.first_row - 1 - before),
                 size = static_cast<std::size_t>(chunk->length());
      ArrowOwner<ArrowArray> array;
      require_ok(arrow::ExportArray(*chunk, array.get()), file_);
      std::visit(
          [&](auto& values) {
            put_arrow_cells(*array, 0, column.type, place, std::span(values).subspan(first, size),
                            [&](std::size_t row) { nulls.push_back(first + row); });
          },
          column.values);
      place.first_row += chunk->length();
    }
  }

  Dataset dataset(std::vector<FileColumn> read, std::int64_t before, std::int64_t rows) const {
    Columns columns;
    std::vector<std::string> booleans;
    for (FileColumn& column : read) {
      if (is_arrow_boolean(column.type)) booleans.push_back(column.place.column);
      columns.push_back({column.place.column, std::move(column.values)});
    }
    SourceLocations places{.file = file_.native(), .unit = "row"};
    places.numbers.resize(static_cast<std::size_t>(rows));
    std::iota(places.numbers.begin(), places.numbers.end(), before + 1);
    Dataset result = Dataset::from_columns(std::move(columns), std::move(places), booleans);
    for (const FileColumn& column : read)
      if (!column.nulls.empty()) result = result.with_nulls(column.place.column, column.nulls);
    const auto metadata = schema_->metadata();
    const int key = metadata == nullptr ? -1 : metadata->FindKey("huggingface");
    return key < 0 ? result : with_class_names_of(std::move(result), metadata->value(key), file_.native());
  }

  const path& file_;
  std::unique_ptr<::parquet::arrow::FileReader> reader_;
  std::shared_ptr<::parquet::FileMetaData> metadata_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::int64_t> ends_;  // the row behind each row group
};

/// Calls `read`, and throws what Arrow throws as an error of tl.
template <class Read> auto without_exceptions_of_arrow(const path& file, const Read& read) {
  try {
    return read();
  } catch (const ::parquet::ParquetException& error) {
    fail(ErrorCode::format, file.native(), ": expected a parquet file that can be read, Arrow says: ", error.what());
  }
}

/// A file that is read by groups of rows.
class GroupStream : public TableStream {
 public:
  GroupStream(path file, std::vector<std::string> columns) : file_(std::move(file)), columns_(std::move(columns)) {}

  std::optional<Dataset> next() override {
    return without_exceptions_of_arrow(file_, [this]() -> std::optional<Dataset> {
      if (!reader_) reader_ = std::make_unique<FileReader>(file_);
      while (group_ < reader_->groups()) {
        Dataset rows = reader_->read(columns_, group_, group_ + 1);
        ++group_;
        if (rows.num_rows() > 0) return rows;
      }
      return std::nullopt;
    });
  }

 private:
  path file_;
  std::vector<std::string> columns_;
  std::unique_ptr<FileReader> reader_;
  int group_ = 0;
};

}  // namespace

Dataset read_parquet(const path& file, const std::vector<std::string>& columns) {
  return without_exceptions_of_arrow(file, [&] {
    FileReader reader(file);
    return reader.read(columns, 0, reader.groups());
  });
}

std::unique_ptr<TableStream> stream_parquet(const path& file, const std::vector<std::string>& columns) {
  return std::make_unique<GroupStream>(file, columns);
}

}  // namespace tl::parquet
