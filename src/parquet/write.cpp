// Data sets as parquet files by Apache Arrow.
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <memory>
#include <span>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/data/arrow_export.hpp>
#include <tl/io/atomic_file.hpp>

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

/// Throws io for what Arrow says.
void require_written(const arrow::Status& status, const std::filesystem::path& file) {
  check(status.ok(), ErrorCode::io, "cannot write ", file.native(), ": Arrow says: ", status.message());
}

/// The rows in Arrow's form, with the names of classes in the schema's metadata.
std::shared_ptr<arrow::Table> table_of(const Dataset& rows, const std::filesystem::path& file) {
  tl::detail::ArrowOwner<ArrowSchema> schema;
  tl::detail::ArrowOwner<ArrowArray> array;
  tl::detail::export_table(rows, str_cat("cannot write ", file.native())).move_to(*schema, *array);
  const auto batch = arrow::ImportRecordBatch(array.get(), schema.get());
  require_written(batch.status(), file);
  const auto table = arrow::Table::FromRecordBatches({*batch});
  require_written(table.status(), file);
  return *table;
}

}  // namespace

void write_parquet(const Dataset& rows, const std::filesystem::path& file) {
  const auto table = table_of(rows, file);
  const auto output = std::make_shared<Output>(file);
  const auto properties = ::parquet::WriterProperties::Builder()
                              .compression(::parquet::Compression::SNAPPY)
                              ->enable_page_checksum()
                              ->build();
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
  require_written(status, file);
  output->commit();
}

}  // namespace tl::parquet
