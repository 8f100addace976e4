// SparseRows: which rows of a table's gradient may be other than zero. Of the rows of a large vocabulary one batch
// reads a few hundred, and only these get a gradient.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

namespace detail {

/// Numbers of rows of one table, or all of them.
class SparseRows {
 public:
  /// Something is added to the gradient of these rows, ascending, each once, as RowGroups::ids are.
  /// Throws Error(invalid_argument) if they are not: an optimizer would update a row twice.
  void mark(std::span<const std::int32_t> rows) {
    const auto bad = std::ranges::adjacent_find(rows, std::ranges::greater_equal());
    check(bad == rows.end(), ErrorCode::invalid_argument, "a gradient by rows: expected ascending ids, each once, got ",
          bad == rows.end() ? 0 : *(bad + 1), " after ", bad == rows.end() ? 0 : *bad);
    if (all_) return;
    std::vector<std::int32_t> both;
    both.reserve(rows_.size() + rows.size());
    std::ranges::set_union(rows_, rows, std::back_inserter(both));
    rows_ = std::move(both);
  }
  /// Something may be added to the gradient of any row.
  void mark_all() { all_ = true; }

  bool all_marked() const { return all_; }

  /// The rows that may have a gradient other than zero, ascending, each once; not all of them if all_marked().
  const std::vector<std::int32_t>& marked() const { return rows_; }

  /// The gradient is zero again.
  void clear() {
    rows_.clear();
    all_ = false;
  }

 private:
  std::vector<std::int32_t> rows_;
  bool all_ = false;
};

}  // namespace detail

}  // namespace tl
