// Typed, read-only access to one column in the row order of its data set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>

namespace tl {

/// Read-only access to one column of a Dataset, in its row order; keeps the values alive.
template <ColumnElement T> class ColumnView {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;
    iterator() = default;
    iterator(const ColumnView* view, std::int64_t row) : view_(view), row_(row) {}
    reference operator*() const { return view_->unchecked(row_); }
    pointer operator->() const { return &view_->unchecked(row_); }
    iterator& operator++() { return ++row_, *this; }
    iterator operator++(int) { return {view_, row_++}; }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    const ColumnView* view_ = nullptr;
    std::int64_t row_ = 0;
  };

  ColumnView(std::shared_ptr<const ColumnValues> values, std::shared_ptr<const std::vector<std::int64_t>> rows,
             std::int64_t size)
      : values_(std::move(values)), rows_(std::move(rows)), size_(size) {}

  std::int64_t size() const noexcept { return size_; }

  /// Throws invalid_argument outside [0, size()).
  const T& operator[](std::int64_t row) const {
    check(row >= 0 && row < size_, ErrorCode::invalid_argument, "row ", row, " of a column with ", size_, " rows");
    return unchecked(row);
  }

  iterator begin() const { return {this, 0}; }
  iterator end() const { return {this, size_}; }
  std::vector<T> to_vector() const { return std::vector<T>(begin(), end()); }

 private:
  const T& unchecked(std::int64_t row) const {
    const auto& values = *std::get_if<std::vector<T>>(values_.get());
    return values[static_cast<std::size_t>(rows_ ? (*rows_)[static_cast<std::size_t>(row)] : row)];
  }

  std::shared_ptr<const ColumnValues> values_;
  std::shared_ptr<const std::vector<std::int64_t>> rows_;
  std::int64_t size_;
};

}  // namespace tl
