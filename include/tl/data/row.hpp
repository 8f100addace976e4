// One row of a data set, and the steps from row to row. What looks into the columns is in <tl/data/dataset.hpp>.
#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

#include <tl/data/column.hpp>

namespace tl {

class Dataset;  // complete in <tl/data/dataset.hpp>

/// One row of a Dataset, which must outlive it. Prints like a Python dictionary.
class Row {
 public:
  Row(const Dataset& dataset, std::int64_t index) : dataset_(&dataset), index_(index) {}

  /// The cell of a column: const std::string&, std::int64_t, double or a const vector&. Throws not_found, dtype, format
  /// if it holds no value.
  template <ColumnElement T> const T& get(std::string_view column) const;

  /// A copy of the cell of a column of any type. Throws not_found, format if it holds no value.
  Value at(std::string_view column) const;

  /// Whether the cell of a column holds no value: Python's None. Throws not_found.
  bool is_null(std::string_view column) const;

  std::int64_t index() const noexcept { return index_; }
  friend std::ostream& operator<<(std::ostream& out, const Row& row);

 private:
  const Dataset* dataset_;
  std::int64_t index_;
};

/// Steps through the rows of a Dataset: `for (const Row row : dataset)`.
class RowIterator {
 public:
  RowIterator(const Dataset& dataset, std::int64_t index) : dataset_(&dataset), index_(index) {}
  Row operator*() const { return Row(*dataset_, index_); }
  RowIterator& operator++() { return ++index_, *this; }
  friend bool operator==(const RowIterator&, const RowIterator&) = default;

 private:
  const Dataset* dataset_;
  std::int64_t index_;
};

}  // namespace tl
