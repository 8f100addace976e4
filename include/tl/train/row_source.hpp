// What a Trainer trains and evaluates on: a Dataset, a stream, or a custom source of rows, which is a Collator; for
// evaluations also several of them under names.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/data/collator.hpp>
#include <tl/data/dataset_dict.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

/// Has a function stream_batches(rows, run) that makes the batches of a run: an IterableDataset.
template <class Rows>
concept StreamOfRows = requires(const Rows& rows, const StreamRun& run) {
  { stream_batches(rows, run) } -> std::convertible_to<std::shared_ptr<const Collator>>;
};

/// A Dataset, a stream, or a Collator, whose batches are taken as they are; or nothing.
class RowSource {
 public:
  using StreamBatchesOfRun = std::function<std::shared_ptr<const Collator>(const StreamRun&)>;

  RowSource() = default;
  RowSource(Dataset dataset) : dataset_(std::move(dataset)) {}
  RowSource(std::optional<Dataset> dataset) : dataset_(std::move(dataset)) {}
  template <std::derived_from<Collator> Rows> RowSource(std::shared_ptr<Rows> rows) : collator_(std::move(rows)) {}

  template <StreamOfRows Rows>
  RowSource(const Rows& rows) : stream_([rows](const StreamRun& run) { return stream_batches(rows, run); }) {}

  bool has_value() const { return dataset_ || collator_ || stream_; }
  const std::optional<Dataset>& dataset() const { return dataset_; }
  const std::shared_ptr<const Collator>& collator() const { return collator_; }
  /// Makes the batches of a stream; empty if this is none.
  const StreamBatchesOfRun& stream() const { return stream_; }

 private:
  std::optional<Dataset> dataset_;
  std::shared_ptr<const Collator> collator_;
  StreamBatchesOfRun stream_;
};

/// The rows of evaluations: one source, or several with names, {{"validation", a}, {"news", b}} or a DatasetDict. The
/// metrics of a named one begin with "eval_{name}_".
class EvalDatasets {
 public:
  using Named = std::pair<std::string, RowSource>;

  EvalDatasets() = default;
  // NOLINTBEGIN(bugprone-forwarding-reference-overload): the constraint leaves copies to the other constructors
  template <class T>
  requires(std::convertible_to<T, RowSource> && !std::same_as<std::remove_cvref_t<T>, EvalDatasets>)
      EvalDatasets(T&& rows) {
    RowSource one(std::forward<T>(rows));
    if (one.has_value()) sets_.emplace_back("", std::move(one));
  }
  // NOLINTEND(bugprone-forwarding-reference-overload)
  EvalDatasets(std::initializer_list<Named> sets) : sets_(sets), named_(true) {}
  EvalDatasets(std::vector<Named> sets) : sets_(std::move(sets)), named_(true) {}
  EvalDatasets(const DatasetDict& sets) : named_(true) {
    for (const auto& [name, rows] : sets) sets_.emplace_back(name, rows);
  }

  bool has_value() const { return !sets_.empty(); }
  /// Whether there are names; else sets() is one source, or none.
  bool named() const { return named_; }
  const std::vector<Named>& sets() const { return sets_; }

  /// What metrics of a set begin with: "eval", or "eval_{name}".
  std::string prefix(std::string_view name, std::string_view prefix = "eval") const {
    return named_ ? str_cat(prefix, '_', name) : std::string(prefix);
  }

  /// The set that a metric belongs to, "eval_news_loss" to news; null if it belongs to none.
  const Named* set_of(std::string_view metric) const {
    const Named* found = nullptr;
    for (const Named& set : sets_)  // the longest name, of news and news_old
      if (metric.starts_with(str_cat(prefix(set.first), '_')) && (!found || set.first.size() > found->first.size()))
        found = &set;
    return found;
  }

  /// What is wrong with the names, as a sentence; empty if nothing is.
  std::string problem() const {
    if (!named_) return {};
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const auto& [name, rows] = sets_[i];
      if (name.empty()) return "eval_dataset: expected a name for each of the data sets, got an empty one";
      if (find_invalid_utf8(name) != std::string::npos)
        return str_cat("eval_dataset: expected names in UTF-8, got ", escape_invalid_utf8(name));
      if (!rows.has_value()) return str_cat("eval_dataset: expected a data set for the name ", name, ", got none");
      for (std::size_t j = 0; j < i; ++j)
        if (sets_[j].first == name) return str_cat("eval_dataset: expected names that differ, got ", name, " twice");
    }
    return {};
  }

 private:
  std::vector<Named> sets_;
  bool named_ = false;
};

}  // namespace tl
