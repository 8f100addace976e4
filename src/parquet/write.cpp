// Data sets as parquet files by Apache Arrow.
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/data/arrow/arrow_export.hpp>
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

/// One parquet file that is being written, a group of rows at a time, so that Arrow's form of them is in memory for
/// one.
class FileWriter {
 public:
  FileWriter(const Dataset& rows, const std::filesystem::path& file)
      : rows_(rows), file_(file), output_(std::make_shared<Output>(file)) {
    schema_ = table_of(0, 0)->schema();
    const auto properties = ::parquet::WriterProperties::Builder()
                                .compression(::parquet::Compression::SNAPPY)
                                ->enable_page_checksum()
                                ->build();
    const auto with_schema = ::parquet::ArrowWriterProperties::Builder().store_schema()->build();
    auto writer =
        ::parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), output_, properties, with_schema);
    require(writer.status());
    writer_ = std::move(writer).ValueUnsafe();
  }

  /// Writes the rows begin .. end-1 as a group; as several ones if their texts need offsets of 64 bits, which the
  /// others do not have.
  void write(std::int64_t begin, std::int64_t end) {
    const auto table = table_of(begin, end);
    if (!table->schema()->Equals(*schema_, false) && end - begin > 1) {
      const std::int64_t middle = begin + (end - begin) / 2;
      write(begin, middle);
      return write(middle, end);
    }
    require(writer_->WriteTable(*table, end - begin));
  }

  void commit() {
    require(writer_->Close());
    output_->commit();
  }

  /// Throws io for what Arrow says, or what the file has thrown.
  void require(const arrow::Status& status) const {
    if (status.ok()) return;
    output_->rethrow();
    fail(ErrorCode::io, "cannot write ", file_.native(), ": Arrow says: ", status.message());
  }

 private:
  /// Rows in Arrow's form, with the names of classes in the schema's metadata.
  std::shared_ptr<arrow::Table> table_of(std::int64_t begin, std::int64_t end) const {
    tl::detail::ArrowOwner<ArrowSchema> schema;
    tl::detail::ArrowOwner<ArrowArray> array;
    tl::detail::export_table(rows_.slice(begin, end), {str_cat("cannot write ", file_.native()), begin})
        .move_to(*schema, *array);
    const auto batch = arrow::ImportRecordBatch(array.get(), schema.get());
    require(batch.status());
    const auto table = arrow::Table::FromRecordBatches({*batch});
    require(table.status());
    return *table;
  }

  const Dataset& rows_;
  const std::filesystem::path& file_;
  std::shared_ptr<Output> output_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<::parquet::arrow::FileWriter> writer_;
};

}  // namespace

void write_parquet(const Dataset& rows, const std::filesystem::path& file) {
  FileWriter writer(rows, file);
  constexpr std::int64_t rows_of_group = 100'000;
  try {
    for (std::int64_t begin = 0; begin < rows.num_rows(); begin += rows_of_group)
      writer.write(begin, std::min(begin + rows_of_group, rows.num_rows()));
    writer.commit();
  } catch (const ::parquet::ParquetException& error) {
    writer.require(arrow::Status::IOError(error.what()));
  }
}

}  // namespace tl::parquet
