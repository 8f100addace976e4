// The batches of a training run on a stream. Passes follow each other until the run ends, each with the next epoch's
// order, as the Trainer of the Python stack calls set_epoch(). A resumed run reads again, and drops, what the run
// before it has seen: then its rows are those of a run without an interruption.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/collator.hpp>
#include <tl/data/iterable_dataset.hpp>
#include <tl/data/sampler.hpp>

namespace tl {

/// Makes the batches of a stream, one for each index.
class StreamedRows : public Collator {
 public:
  StreamedRows(IterableDataset rows, StreamRun run)
      : Collator(run.batches, run.options.name),
        rows_(std::move(rows)),
        run_(std::move(run)),
        first_epoch_(rows_.epoch()) {}

  /// The batch of one index. Throws invalid_argument for several, what reading the stream and making a batch throw, and
  /// invalid_argument for a stream without a batch.
  Batch operator()(std::span<const std::int64_t> indices) const override {
    check(indices.size() == 1, ErrorCode::invalid_argument, name(),
          ": expected one batch of the stream at a time, got ", indices.size());
    const std::int64_t index = indices.front();
    const std::scoped_lock lock(mutex_);
    const Dataset rows = index == 0 && first_ ? *first_ : rows_of_batch(index);
    if (index == 0) first_ = rows;
    const std::string name = str_cat(run_.options.name, ", batch ", index);
    const std::vector<std::int64_t> all = sequential_order(rows.num_rows());
    remember(index, rows.place(all));
    if (run_.data_collator) return FunctionCollator(rows, run_.data_collator, name)(all);
    CollatorOptions options = run_.options;
    options.name = name;
    return PackedCollator(rows, std::move(options))(all);
  }

  bool is_stream() const override { return true; }
  /// Rows are looked at when they are read.
  void check_rows() const override {}
  std::vector<std::int64_t> lengths() const override {
    fail(ErrorCode::invalid_argument, name(), ": expected rows in memory, got a stream, whose lengths are not known");
  }
  /// That of the first batch.
  std::uint64_t fingerprint() const override {
    const std::int64_t first = 0;
    const Batch batch = (*this)(std::span(&first, 1));
    std::uint64_t hash = empty_fingerprint;
    for (const std::int32_t id : batch.input_ids.span()) mix(hash, id);
    if (const auto* labels = batch.labels.find<std::int64_t>("labels"))
      for (const std::int64_t label : labels->span()) mix(hash, label);
    return hash;
  }

  /// "batch 17 of train_dataset (train.csv, lines 5, 19)"; the places of the last batches only.
  std::string describe(std::span<const std::int64_t> indices) const override {
    const std::scoped_lock lock(mutex_);
    std::string text;
    for (const std::int64_t index : indices) {
      text += str_cat(text.empty() ? "batch " : ", batch ", index, " of ", name());
      for (const auto& [batch, place] : places_)
        if (batch == index && !place.empty()) text += str_cat(" (", place, ")");
    }
    return text;
  }

 private:
  /// Reads up to a batch. One that was read already makes it begin anew.
  Dataset rows_of_batch(std::int64_t index) const {
    if (!pass_ || index < next_) begin();
    for (;;) {
      std::optional<Dataset> rows = pass_->next();
      if (!rows) {
        check(in_pass_ > 0, ErrorCode::invalid_argument, name(), ": expected at least ",
              run_.drop_last ? run_.batch_size : 1, " rows in the stream",
              run_.drop_last ? ", one full batch, because dataloader_drop_last is true" : "", ", got ",
              run_.drop_last ? "fewer" : "none");
        begin_pass(pass_number_ + 1);
        continue;
      }
      ++in_pass_;
      if (next_++ == index) return *std::move(rows);
    }
  }

  void begin() const {
    next_ = 0;
    begin_pass(0);
  }

  void begin_pass(std::uint64_t number) const {
    IterableDataset rows = rows_;
    rows.set_epoch(first_epoch_ + number);
    pass_.emplace(rows.iter(run_.batch_size, run_.drop_last));
    pass_number_ = number;
    in_pass_ = 0;
  }

  void remember(std::int64_t index, std::string place) const {
    constexpr std::size_t most = 64;
    if (places_.size() == most) places_.pop_front();
    places_.emplace_back(index, std::move(place));
  }

  IterableDataset rows_;
  StreamRun run_;
  std::uint64_t first_epoch_;

  mutable std::mutex mutex_;  // of what follows: batches are made in a thread ahead of the run
  mutable std::optional<StreamBatches> pass_;
  mutable std::uint64_t pass_number_ = 0;
  mutable std::int64_t next_ = 0, in_pass_ = 0;  // the batch that pass_ gives next; batches of this pass
  mutable std::optional<Dataset> first_;
  mutable std::deque<std::pair<std::int64_t, std::string>> places_;
};

/// Makes the batches of a run; what lets a Trainer take an IterableDataset as its train_dataset.
inline std::shared_ptr<const Collator> stream_batches(const IterableDataset& rows, const StreamRun& run) {
  return std::make_shared<StreamedRows>(rows, run);
}

}  // namespace tl
