// The micro-batches of one update and the share that each has in its loss. Class ids of rows without weights have the
// mean of the means of the micro-batches, as version 4 of the reference; every other loss is the mean over the group as
// a whole, as one big batch would have it: weighted rows divide by the sum of all weights, tokens by their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <tl/data/batch_loader.hpp>
#include <tl/models/losses.hpp>

namespace tl {

/// One micro-batch.
struct MicroBatch {
  Batch batch;
  std::span<const std::int64_t> rows;
  double items = 0.0;     ///< see loss_items()
  double of_items = 0.0;  ///< of the whole group; 0: each micro-batch has the same share
  std::int64_t group = 1;

  bool has_loss() const { return items > 0.0; }
  /// The factor of its loss in that of the update.
  float share() const {
    if (of_items > 0.0) return static_cast<float>(items / of_items);
    return 1.0F / static_cast<float>(group);
  }
  /// What a loss adds to that of the update.
  float part(float loss) const { return of_items > 0.0 ? loss * share() : loss / static_cast<float>(group); }
};

/// The next `size` batches of a loader, which must outlive it.
class UpdateGroup {
 public:
  /// `mean_of_means`: each micro-batch has the same share, whatever its labels are.
  UpdateGroup(BatchLoader& loader, std::int64_t size, const LossSettings& settings, bool mean_of_means)
      : loader_(loader), size_(size), settings_(settings), mean_of_means_(mean_of_means || size == 1) {}

  /// Throws what the loader throws.
  MicroBatch next() {
    if (!mean_of_means_ && prepared_.empty()) prepare();
    if (at_ == prepared_.size()) return load();
    return std::move(prepared_[at_++]);
  }

 private:
  MicroBatch load() {
    Batch batch = loader_.next();
    const double items = loss_items(batch, settings_);
    return {.batch = std::move(batch), .rows = loader_.rows(), .items = items, .group = size_};
  }

  /// Loads the first batch, and all others if its labels need the sum over the group.
  void prepare() {
    prepared_.push_back(load());
    const Batch& first = prepared_.front().batch;
    const auto* ids = first.labels.find<std::int64_t>("labels");
    const bool of_rows = ids != nullptr && ids->elements() == first.texts();
    mean_of_means_ = (of_rows && !settings_.class_weights.defined()) || first.labels.empty();
    if (mean_of_means_) return;
    double sum = 0.0;
    while (static_cast<std::int64_t>(prepared_.size()) < size_) prepared_.push_back(load());
    for (const MicroBatch& one : prepared_) sum += one.items;
    for (MicroBatch& one : prepared_) one.of_items = sum;
  }

  BatchLoader& loader_;
  std::int64_t size_;
  const LossSettings& settings_;
  bool mean_of_means_;
  std::vector<MicroBatch> prepared_;
  std::size_t at_ = 0;
};

}  // namespace tl
