// The files of a split as the beginning of a stream: opened one after the other when their rows are wanted, again in
// every pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/pcg64.hpp>
#include <tl/data/load_dataset.hpp>
#include <tl/data/stream/csv_stream.hpp>
#include <tl/data/stream/json_stream.hpp>
#include <tl/data/stream/stream_nodes.hpp>
#include <tl/data/stream/stream_types.hpp>
#include <tl/data/stream/text_streams.hpp>

namespace tl::detail {

/// A file of a format that can only be read as a whole.
class WholeFile : public TableStream {
 public:
  explicit WholeFile(Dataset rows) : rows_(std::move(rows)) {}
  std::optional<Dataset> next() override {
    if (rows_ && rows_->num_rows() == 0) rows_.reset();
    return std::exchange(rows_, std::nullopt);
  }

 private:
  std::optional<Dataset> rows_;
};

/// The files of one split, and the columns that all of them have.
class StreamSource {
 public:
  StreamSource(DatasetFiles files, SplitFiles split, const BlockSizes& sizes)
      : files_(std::move(files)), split_(std::move(split)), sizes_(sizes) {
    check(split_.missing.empty(), ErrorCode::not_found, split_.missing);
    for (const CardFeature& feature : files_.info.features) {
      if (feature.is_list || (files_.format.name != "csv" && files_.format.name != "json")) continue;
      const bool text = feature.dtype == "string" || feature.dtype == "large_string";
      if (text) files_.options.text_columns.push_back(feature.name);
      else if (feature.dtype.starts_with("float")) files_.options.float_columns.push_back(feature.name);
    }
  }

  std::size_t files() const { return split_.files.size(); }

  /// Whether the reference knows the columns before it reads the rows: of parquet, of JSON lines, and where README.md
  /// lists them.
  bool knows_columns() const {
    if (!files_.info.features.empty() || files_.format.name == "parquet") return true;
    if (files_.format.name != "json" || !files_.options.field.empty()) return false;
    char first = '\0';
    (void)open_data_file(path(0))->read(&first, 1);
    return first != '[';
  }

  /// Opens a file. Its pieces have the columns of the stream.
  std::unique_ptr<TableStream> open(std::size_t file) const {
    decide();
    return open(file, types_);
  }

  /// A piece as the stream has it.
  Dataset finished(const Dataset& piece) const {
    Dataset rows = conform(piece, types_, origin_);
    for (const CardFeature& feature : files_.info.features)
      if (!feature.class_names.empty() && rows.has_column(feature.name)) rows = with_classes(rows, feature);
    return rows;
  }

  /// Throws format for another number of rows in all files than README.md says.
  void check_rows(std::int64_t rows) const {
    if (!files_.is_whole) return;
    for (const auto& [name, count] : files_.info.rows)
      check(name != split_.name || count == rows, ErrorCode::format, files_.source.name, ": expected ", count,
            " rows in the split ", name, ", as README.md says, got ", rows);
  }

 private:
  std::filesystem::path path(std::size_t file) const { return files_.source.path_of(split_.files[file]); }

  /// The first piece of the first file that has rows decides the columns, whatever is read first.
  void decide() const {
    const std::scoped_lock lock(mutex_);
    for (std::size_t file = 0; types_.empty() && file < files(); ++file) {
      const std::optional<Dataset> piece = open(file, {})->next();
      if (!piece) continue;
      types_ = types_of(*piece);
      origin_ = path(file).native();
    }
  }

  std::unique_ptr<TableStream> open(std::size_t number, const StreamTypes& types) const {
    const TableFormat& format = files_.format;
    StreamedFile file{path(number), files_.options, types, origin_, sizes_};
    check_content(file.path, format);
    if (format.stream) return format.stream(file.path, files_.options);
    if (format.is_built_in && format.name == "csv") return std::make_unique<CsvStream>(std::move(file));
    if (format.is_built_in && format.name == "json") return std::make_unique<JsonStream>(std::move(file));
    if (format.is_built_in && format.name == "text") return std::make_unique<TextStream>(std::move(file));
    return std::make_unique<WholeFile>(format.read(file.path, files_.options));
  }

  DatasetFiles files_;
  SplitFiles split_;
  BlockSizes sizes_;
  mutable std::mutex mutex_;  // of what follows
  mutable StreamTypes types_;
  mutable std::string origin_;
};

/// The node that a stream begins with.
class SourceNode : public StreamNode {
 public:
  explicit SourceNode(std::shared_ptr<const StreamSource> source)
      : source_(std::move(source)), order_(source_->files()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  std::unique_ptr<RowCursor> open(bool tables) const override {
    return std::make_unique<Cursor>(source_, order_, tables);
  }
  std::int64_t num_shards() const override { return static_cast<std::int64_t>(order_.size()); }

  StreamNodePtr shuffle_sources(const Pcg64& generator) const override {
    Pcg64 copy = generator;
    auto node = std::make_shared<SourceNode>(*this);
    node->order_.clear();
    for (const std::int64_t place : copy.permutation(num_shards()))
      node->order_.push_back(order_[static_cast<std::size_t>(place)]);
    return node;
  }

  StreamNodePtr shard(std::int64_t count, std::int64_t index) const override {
    const std::int64_t least = num_shards() / count, longer = num_shards() % count;
    const std::int64_t begin = least * index + std::min(index, longer), end = begin + least + (index < longer ? 1 : 0);
    auto node = std::make_shared<SourceNode>(*this);
    node->order_.assign(order_.begin() + begin, order_.begin() + end);
    return node;
  }

  StreamNodePtr shift(std::uint64_t) const override { return std::make_shared<SourceNode>(*this); }

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::shared_ptr<const StreamSource> source, std::vector<std::size_t> order, bool tables)
        : source_(std::move(source)), order_(std::move(order)), tables_(tables) {}

    StreamRows next(std::size_t most) override {
      while (!piece_ || at_ == piece_->num_rows()) {
        piece_.reset();
        at_ = 0;
        if (!file_ && next_file_ == order_.size()) return end();
        if (!file_) file_ = source_->open(order_[next_file_++]);
        std::optional<Dataset> piece = file_->next();
        if (piece) piece_ = std::make_shared<const Dataset>(source_->finished(*std::exchange(piece, std::nullopt)));
        else file_.reset();
      }
      const auto left = static_cast<std::size_t>(piece_->num_rows() - at_);
      const auto count = static_cast<std::int64_t>(tables_ ? left : std::min(most, left));
      StreamRows rows = rows_of(piece_, at_, at_ + count);
      at_ += count;
      rows_ += count;
      if (at_ == piece_->num_rows()) piece_.reset();
      return rows;
    }

   private:
    StreamRows end() const {
      if (order_.size() == source_->files()) source_->check_rows(rows_);
      return {};
    }

    std::shared_ptr<const StreamSource> source_;
    std::vector<std::size_t> order_;
    bool tables_;
    std::unique_ptr<TableStream> file_;
    std::size_t next_file_ = 0;
    std::shared_ptr<const Dataset> piece_;
    std::int64_t at_ = 0, rows_ = 0;
  };

  std::shared_ptr<const StreamSource> source_;
  std::vector<std::size_t> order_;
};

}  // namespace tl::detail
