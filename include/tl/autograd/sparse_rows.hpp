// SparseRows: which rows of a table's gradient may be other than zero. Of the rows of a large vocabulary one batch
// reads a few hundred, and only these get a gradient.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

namespace tl {

namespace detail {

/// Numbers of rows of one table, or all of them.
class SparseRows {
 public:
  /// Something is added to the gradient of these rows, which are ascending, each once, as RowGroups::ids are.
  void mark(std::span<const std::int32_t> rows) {
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
