// Named splits of a data set, as Python's datasets.DatasetDict, and the split of one data set into two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/pcg64.hpp>
#include <tl/data/dataset.hpp>

namespace tl {

/// Data sets by split name, in the order they were added. What is done to the dictionary is done to every split.
class [[nodiscard]] DatasetDict {
 public:
  DatasetDict() = default;
  DatasetDict(std::initializer_list<std::pair<std::string, Dataset>> splits) {
    for (const auto& [name, dataset] : splits) insert(name, dataset);
  }

  /// Adds a split or replaces the one of that name.
  void insert(std::string name, Dataset dataset) {
    for (auto& [existing, value] : splits_)
      if (existing == name) return void(value = std::move(dataset));
    splits_.emplace_back(std::move(name), std::move(dataset));
  }

  /// The split of that name. Throws not_found with the existing names.
  const Dataset& operator[](std::string_view name) const& {
    for (const auto& [existing, dataset] : splits_)
      if (existing == name) return dataset;
    fail(ErrorCode::not_found, "expected a split ", detail::Repr{name}, ", the splits are ",
         detail::python_text(names()));
  }

  /// The same for a dictionary that is about to go: `for (const Row row : load_dataset(...)["train"])` is safe.
  Dataset operator[](std::string_view name) && { return std::as_const(*this)[name]; }

  bool contains(std::string_view name) const noexcept {
    for (const auto& [existing, dataset] : splits_)
      if (existing == name) return true;
    return false;
  }

  std::vector<std::string> names() const { return detail::names_of(splits_); }
  std::size_t size() const noexcept { return splits_.size(); }
  auto begin() const noexcept { return splits_.begin(); }
  auto end() const noexcept { return splits_.end(); }

  /// A dictionary of function(dataset) for every split.
  template <class Function> DatasetDict transform(Function&& function) const {
    DatasetDict result;
    for (const auto& [name, dataset] : splits_) result.insert(name, function(dataset));
    return result;
  }

  template <class Function> DatasetDict map(Function&& function, const MapOptions& options = {}) const {
    return transform([&](const Dataset& dataset) { return dataset.map(function, options); });
  }
  template <class Function> DatasetDict map_batched(Function&& function, const MapOptions& options = {}) const {
    return transform([&](const Dataset& dataset) { return dataset.map_batched(function, options); });
  }
  template <class Keep> DatasetDict filter(Keep&& keep) const {
    return transform([&](const Dataset& dataset) { return dataset.filter(keep); });
  }
  DatasetDict shuffle(std::uint64_t seed) const {
    return transform([&](const Dataset& dataset) { return dataset.shuffle(seed); });
  }
  DatasetDict rename_column(std::string_view from, const std::string& to) const {
    return transform([&](const Dataset& dataset) { return dataset.rename_column(from, to); });
  }
  DatasetDict remove_columns(const std::vector<std::string>& names) const {
    return transform([&](const Dataset& dataset) { return dataset.remove_columns(names); });
  }
  DatasetDict select_columns(const std::vector<std::string>& names) const {
    return transform([&](const Dataset& dataset) { return dataset.select_columns(names); });
  }
  DatasetDict cast_column(std::string_view name, const ClassLabel& label) const {
    return transform([&](const Dataset& dataset) { return dataset.cast_column(name, label); });
  }
  /// As Python does it, every split by its own values: with a class that a split lacks, ids mean different names.
  DatasetDict class_encode_column(std::string_view name) const {
    return transform([&](const Dataset& dataset) { return dataset.class_encode_column(name); });
  }

  friend std::ostream& operator<<(std::ostream& out, const DatasetDict& splits) { return splits.print(out); }

 private:
  std::ostream& print(std::ostream& out) const {
    out << "DatasetDict({\n";
    for (const auto& [name, dataset] : splits_) dataset.print(out << "    " << name << ": ", "    ") << '\n';
    return out << "})";
  }

  std::vector<std::pair<std::string, Dataset>> splits_;
};

inline DatasetDict Dataset::train_test_split(const TrainTestSplitOptions& options) const {
  if (num_rows_ == 0) return {{"train", *this}, {"test", *this}};
  const bool neither = !options.test_size && !options.train_size;
  const auto test_size = neither ? SplitSize(0.25) : options.test_size;
  std::int64_t test = test_size ? test_size->rows(num_rows_, true, "test_size") : 0;
  std::int64_t train = options.train_size ? options.train_size->rows(num_rows_, false, "train_size") : 0;
  if (!options.train_size) train = num_rows_ - test;
  if (!test_size) test = num_rows_ - train;
  check(train + test <= num_rows_, ErrorCode::invalid_argument, "train_test_split: expected at most ", num_rows_,
        " rows in both parts, got train ", train, " and test ", test);
  check(train > 0, ErrorCode::invalid_argument,
        "train_test_split: expected at least one row for training, got none of ", num_rows_, " with ", test,
        " for testing");
  if (!options.shuffle) return {{"train", slice(0, train)}, {"test", slice(train, train + test)}};
  const auto order = Pcg64(options.seed).permutation(num_rows_);
  const std::span<const std::int64_t> rows(order);
  return {{"train", select(rows.subspan(static_cast<std::size_t>(test), static_cast<std::size_t>(train)))},
          {"test", select(rows.first(static_cast<std::size_t>(test)))}};
}

}  // namespace tl
