// Data sets larger than memory, as Python's datasets.IterableDataset: rows come in the order of their files, and what
// is done to them is done as they come. In memory are a window of a file and the shuffle buffer. A shuffled stream has
// the order of Python's datasets 5.2, row for row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/pcg64.hpp>
#include <tl/data/concatenate.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/stream/stream_functions.hpp>
#include <tl/data/stream/stream_nodes.hpp>
#include <tl/data/stream/stream_rows.hpp>

namespace tl {

/// Steps through the rows of a stream, once.
class StreamIterator {
 public:
  using value_type = Row;
  using difference_type = std::ptrdiff_t;

  explicit StreamIterator(std::unique_ptr<detail::RowCursor> cursor) : cursor_(std::move(cursor)) { fill(); }

  /// The row, until the next step.
  Row operator*() const { return Row(*rows_[at_].piece, rows_[at_].row); }
  StreamIterator& operator++() {
    if (++at_ == rows_.size()) fill();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return rows_.empty(); }

 private:
  static constexpr std::size_t rows_ahead = 64;
  void fill() {
    rows_.clear();
    rows_ = cursor_->next(rows_ahead);
    at_ = 0;
  }

  std::unique_ptr<detail::RowCursor> cursor_;
  detail::StreamRows rows_;
  std::size_t at_ = 0;
};

/// Steps through a stream in data sets of some rows.
class StreamBatches {
 public:
  StreamBatches(std::unique_ptr<detail::RowCursor> cursor, std::int64_t batch_size, bool drop_last_batch)
      : cursor_(std::move(cursor)), size_(static_cast<std::size_t>(batch_size)), drop_last_(drop_last_batch) {}

  /// The next rows; nothing at the end.
  std::optional<Dataset> next() {
    detail::StreamRows rows;
    while (rows.size() < size_) {
      if (rest_.empty()) rest_ = cursor_->next(size_ - rows.size());
      if (rest_.empty()) break;
      for (detail::StreamRow& row : detail::take_rows(rest_, at_, size_ - rows.size())) rows.push_back(std::move(row));
    }
    if (rows.empty() || (drop_last_ && rows.size() < size_)) return std::nullopt;
    return detail::gather(rows);
  }

  class Iterator {
   public:
    using value_type = Dataset;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(StreamBatches& batches) : batches_(&batches), batch_(batches.next()) {}
    const Dataset& operator*() const { return *batch_; }
    Iterator& operator++() {
      batch_ = batches_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !batch_; }

   private:
    StreamBatches* batches_;
    std::optional<Dataset> batch_;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::unique_ptr<detail::RowCursor> cursor_;
  std::size_t size_, at_ = 0;
  bool drop_last_;
  detail::StreamRows rest_;
};

/// Rows that are read when they are wanted, again in every pass. A value: what changes it returns another stream, and
/// only set_epoch() changes this one.
class [[nodiscard]] IterableDataset {
 public:
  /// Made by stream_dataset(), see <tl/data/stream_dataset.hpp>.
  IterableDataset(detail::StreamNodePtr node, bool knows_columns)
      : node_(std::move(node)), knows_columns_(knows_columns) {}

  /// The number of files.
  std::int64_t num_shards() const { return node_->num_shards(); }

  /// The rows in random order: in that of Python's `shuffle(seed, buffer_size=..., max_buffer_input_shards=...)`. A
  /// buffer of `buffer_size` rows is filled from `max_buffer_input_shards` files at a time, in shuffled order, unless
  /// take() or skip() came before. Throws invalid_argument for sizes below 1.
  IterableDataset shuffle(std::uint64_t seed, std::int64_t buffer_size = 1000,
                          std::int64_t max_buffer_input_shards = 10) const {
    check(buffer_size >= 1, ErrorCode::invalid_argument, "shuffle: expected a buffer_size of at least 1, got ",
          buffer_size);
    check(max_buffer_input_shards >= 1, ErrorCode::invalid_argument,
          "shuffle: expected max_buffer_input_shards of at least 1, got ", max_buffer_input_shards);
    const Pcg64 generator(seed);
    detail::StreamNodePtr node = node_->shuffle_sources(generator);
    if (!node) {
      node = node_;
      max_buffer_input_shards = 1;
    }
    if (node->has_tables())
      node = std::make_shared<detail::RebatchNode>(
          node, static_cast<std::size_t>(std::max<std::int64_t>(1, buffer_size / max_buffer_input_shards)));
    if (max_buffer_input_shards > 1) node = std::make_shared<detail::InterleaveNode>(node, max_buffer_input_shards);
    return {std::make_shared<detail::BufferNode>(node, buffer_size, generator), knows_columns_};
  }

  /// The first n rows, or all but these. The order of the files is fixed from here on. Throws invalid_argument for
  /// n < 0.
  IterableDataset take(std::int64_t n) const {
    check(n >= 0, ErrorCode::invalid_argument, "take: expected at least 0 rows, got ", n);
    return {std::make_shared<detail::RangeNode>(node_, 0, static_cast<std::size_t>(n)), knows_columns_};
  }
  IterableDataset skip(std::int64_t n) const {
    check(n >= 0, ErrorCode::invalid_argument, "skip: expected at least 0 rows, got ", n);
    return {std::make_shared<detail::RangeNode>(node_, static_cast<std::size_t>(n), detail::RangeNode::all_rows),
            knows_columns_};
  }

  /// Adds or replaces the cells that `function(row)` returns, as Dataset::map does.
  template <class Function> IterableDataset map(Function function, const MapOptions& options = {}) const {
    return mapped(
        [function = std::move(function), options](const Dataset& rows) { return rows.map(function, options); }, 100,
        false, false);
  }

  /// The same for functions of batch_size rows that return whole columns, as Dataset::map_batched does.
  template <class Function> IterableDataset map_batched(Function function, const MapOptions& options = {}) const {
    check(options.batch_size >= 1, ErrorCode::invalid_argument, "map_batched: expected batch_size >= 1, got ",
          options.batch_size);
    return mapped(
        [function = std::move(function), options](const Dataset& rows) { return rows.map_batched(function, options); },
        static_cast<std::size_t>(options.batch_size), true, false);
  }

  /// The rows for which `keep(row)` is true.
  template <class Keep> IterableDataset filter(Keep keep) const {
    static_assert(std::is_invocable_r_v<bool, Keep, const Row&>,
                  "filter takes a function of const tl::Row& that returns bool");
    return {std::make_shared<detail::FilterNode>(node_, std::move(keep), reads_tables()), knows_columns_};
  }

  /// As those of Dataset. What they throw comes when rows are read.
  IterableDataset rename_column(std::string from, std::string to) const {
    return mapped(
        [from = std::move(from), to = std::move(to)](const Dataset& rows) { return rows.rename_column(from, to); },
        1000, false, knows_columns_);
  }
  IterableDataset remove_columns(std::vector<std::string> names) const {
    return mapped([names = std::move(names)](const Dataset& rows) { return rows.remove_columns(names); }, 1000, false,
                  knows_columns_);
  }
  IterableDataset select_columns(std::vector<std::string> names) const {
    return viewed([names = std::move(names)](const Dataset& rows) { return rows.select_columns(names); });
  }

  /// Class ids for the names, or the positions, of classes, as Dataset::cast_column. Throws, when rows are read,
  /// invalid_argument for a label that is no class, and if some rows have names and others positions.
  IterableDataset cast_column(std::string name, ClassLabel label) const {
    return viewed(
        [name = std::move(name), label = std::move(label), reading = std::make_shared<Reading>()](const Dataset& rows) {
          if (!rows.class_names(name).empty()) return rows.cast_column(name, label);
          ClassLabels labels = rows.class_labels(name, {label.names});
          reading->check_same(labels.are_positions, rows, name);
          return rows
              .map_batched(
                  [&](const Dataset&) {
                    return Columns{{name, std::move(labels.ids)}};
                  },
                  {.batch_size = std::max<std::int64_t>(1, rows.num_rows())})
              .with_class_names(name, label.names);
        });
  }

  /// The epoch whose order the next passes have: 0 is that of shuffle()'s seed; others shuffle the files and the buffer
  /// as Python's set_epoch() does.
  void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }
  std::uint64_t epoch() const { return epoch_; }

  /// Begins a pass over the rows: `for (const tl::Row row : stream)`. Reading throws what readers and functions throw.
  StreamIterator begin() const { return StreamIterator(open()); }
  std::default_sentinel_t end() const { return {}; }

  /// Begins a pass in data sets of batch_size rows: `for (const tl::Dataset& rows : stream.iter(1000))`.
  StreamBatches iter(std::int64_t batch_size, bool drop_last_batch = false) const {
    check(batch_size >= 1, ErrorCode::invalid_argument, "iter: expected batch_size >= 1, got ", batch_size);
    return {open(), batch_size, drop_last_batch};
  }

  /// All rows in memory: `stream.take(1000).to_dataset()`.
  Dataset to_dataset() const {
    std::vector<Dataset> parts;
    for (const Dataset& rows : iter(10'000)) parts.push_back(rows);
    return parts.empty() ? Dataset() : concatenate_datasets(std::move(parts));
  }

  /// Name, type and class names of every column, which are read with the first row; none of an empty stream.
  std::vector<Feature> features() const {
    const std::optional<Dataset> first = iter(1).next();
    return first ? first->features() : std::vector<Feature>();
  }
  std::vector<std::string> column_names() const {
    std::vector<std::string> names;
    for (const Feature& feature : features()) names.push_back(feature.name);
    return names;
  }

 private:
  /// How the labels of a column are read, which all pieces have to agree on.
  class Reading {
   public:
    void check_same(bool positions, const Dataset& rows, const std::string& name) {
      const std::scoped_lock lock(mutex_);
      if (!positions_) positions_ = positions;
      const auto text = [](bool is) { return is ? "positions among the classes" : "names of classes"; };
      check(*positions_ == positions, ErrorCode::invalid_argument, "rows from ", rows.place(0),
            " on: expected the labels in column ", name, " to be ", text(*positions_), " as in the rows before, got ",
            text(positions), "; write all as names");
    }

   private:
    std::mutex mutex_;
    std::optional<bool> positions_;
  };

  bool reads_tables() const { return knows_columns_ && node_->has_tables(); }

  IterableDataset mapped(detail::MapNode::Function function, std::size_t size, bool exact, bool knows_columns) const {
    return {std::make_shared<detail::MapNode>(node_, std::move(function), size, exact, reads_tables()), knows_columns};
  }
  IterableDataset viewed(detail::ViewNode::Function function) const {
    return {std::make_shared<detail::ViewNode>(node_, std::move(function)), knows_columns_};
  }

  std::unique_ptr<detail::RowCursor> open() const {
    detail::StreamNodePtr node = node_;
    if (epoch_ > 0) {
      if (detail::StreamNodePtr shuffled = node->shuffle_sources(Pcg64(epoch_))) node = std::move(shuffled);
      node = node->shift(epoch_);
    }
    return node->open(knows_columns_ && node->has_tables());
  }

  detail::StreamNodePtr node_;
  bool knows_columns_;  // as the reference does, which reads tables then
  std::uint64_t epoch_ = 0;
};

}  // namespace tl
