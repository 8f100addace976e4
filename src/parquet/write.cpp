// Data sets as parquet files by Apache Arrow.
#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <tl/io/atomic_file.hpp>

#include "arrow_error.hpp"
#include "features.hpp"
#include "parquet.hpp"

namespace tl::parquet {

namespace {

/// A file that appears when all is written, as Arrow wants it. What goes wrong is thrown when it is committed, because
/// no exception may pass through Arrow.
class Output : public arrow::io::OutputStream {
 public:
  explicit Output(const std::filesystem::path& path) : file_(path) {}

  arrow::Status Write(const void* data, std::int64_t bytes) override {
    try {
      file_.write(std::span(static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)));
    } catch (...) {
      problem_ = std::current_exception();
      return arrow::Status::IOError("writing");
    }
    written_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<std::int64_t> Tell() const override { return written_; }

  void rethrow() const {
    if (problem_) std::rethrow_exception(problem_);
  }
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
  std::int64_t written_ = 0;
  std::exception_ptr problem_;
};

template <class Builder, class Values>
std::shared_ptr<arrow::Array> built(const Values& values, const std::filesystem::path& file) {
  Builder builder;
  require_ok(builder.Reserve(static_cast<std::int64_t>(values.size())), file);
  for (const auto& value : values) require_ok(builder.Append(value), file);
  return value_of(builder.Finish(), file);
}

template <class Builder, class Lists>
std::shared_ptr<arrow::Array> built_lists(const Lists& lists, const std::filesystem::path& file) {
  auto values = std::make_shared<Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), values);
  for (const auto& list : lists) {
    require_ok(builder.Append(), file);
    for (const auto& value : list) require_ok(values->Append(value), file);
  }
  return value_of(builder.Finish(), file);
}

std::shared_ptr<arrow::Array> array_of(const Dataset& rows, const std::string& name,
                                       const std::filesystem::path& file) {
  switch (rows.column_type(name)) {
    case ColumnType::string: return built<arrow::LargeStringBuilder>(rows.column<std::string>(name), file);
    case ColumnType::int64: return built<arrow::Int64Builder>(rows.column<std::int64_t>(name), file);
    case ColumnType::float64: return built<arrow::DoubleBuilder>(rows.column<double>(name), file);
    case ColumnType::list_int32:
      return built_lists<arrow::Int32Builder>(rows.column<std::vector<std::int32_t>>(name), file);
    case ColumnType::list_float32: return built_lists<arrow::FloatBuilder>(rows.column<std::vector<float>>(name), file);
    case ColumnType::list_string:
      return built_lists<arrow::StringBuilder>(rows.column<std::vector<std::string>>(name), file);
  }
  fail(ErrorCode::state, "column ", name, ": unknown type");
}

}  // namespace

void write_parquet(const Dataset& rows, const std::filesystem::path& file) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const std::string& name : rows.column_names()) {
    arrays.push_back(array_of(rows, name, file));
    fields.push_back(arrow::field(name, arrays.back()->type()));
  }
  const auto metadata = arrow::key_value_metadata({"huggingface"}, {write_features(rows)});
  const auto table = arrow::Table::Make(arrow::schema(fields, metadata), arrays, rows.num_rows());
  const auto output = std::make_shared<Output>(file);
  const auto properties = ::parquet::WriterProperties::Builder().compression(::parquet::Compression::SNAPPY)->build();
  const auto with_schema = ::parquet::ArrowWriterProperties::Builder().store_schema()->build();
  arrow::Status status;
  try {
    constexpr std::int64_t rows_of_group = 100'000;
    status = ::parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), output, rows_of_group, properties,
                                          with_schema);
  } catch (const ::parquet::ParquetException& error) {
    status = arrow::Status::IOError(error.what());
  }
  output->rethrow();
  check(status.ok(), ErrorCode::io, "cannot write ", file.native(), ": Arrow says: ", status.message());
  output->commit();
}

}  // namespace tl::parquet
