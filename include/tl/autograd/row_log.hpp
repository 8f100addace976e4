// RowLog: what a table that is read and trained by rows, an embedding, shares with its optimizer. Of the rows of a
// large vocabulary one batch reads a few hundred; only these get a gradient, and only these must be up to date when
// they are read. The log remembers which rows have a gradient, and asks the optimizer for the updates it put off before
// somebody reads values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tl {

namespace detail {

/// Brings numbers of rows into ascending order, each once.
inline void sort_rows(std::vector<std::int32_t>& rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

}  // namespace detail

class RowLog {
 public:
  /// Called before the values of these rows, or of all rows if the list is empty, are read.
  std::function<void(std::span<const std::int32_t> rows)> before_reading;

  void read(std::span<const std::int32_t> rows) const {
    if (before_reading && !rows.empty()) before_reading(rows);
  }
  void read_all() const {
    if (before_reading) before_reading({});
  }

  /// Something is added to the gradient of these rows.
  void touch(std::span<const std::int32_t> rows) {
    if (!all_) touched_.insert(touched_.end(), rows.begin(), rows.end());
  }
  /// Something may be added to the gradient of any row.
  void touch_all() { all_ = true; }

  bool all_touched() const { return all_; }

  /// The rows that may have a gradient other than zero, ascending, each once; not all of them if all_touched().
  const std::vector<std::int32_t>& touched() {
    detail::sort_rows(touched_);
    return touched_;
  }

  /// The gradient is zero again.
  void forget() {
    touched_.clear();
    all_ = false;
  }

 private:
  std::vector<std::int32_t> touched_;
  bool all_ = false;
};

}  // namespace tl
