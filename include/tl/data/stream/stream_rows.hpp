// Rows on their way through a stream: each is a number in a piece that was read, so passing it on, skipping or
// shuffling copies nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tl/data/concatenate.hpp>
#include <tl/data/dataset.hpp>

namespace tl::detail {

/// A row of a piece, which it keeps in memory.
struct StreamRow {
  std::shared_ptr<const Dataset> piece;
  std::int64_t row = 0;
};
using StreamRows = std::vector<StreamRow>;

/// Hands out rows.
class RowCursor {
 public:
  virtual ~RowCursor() = default;

  /// The next rows, none at the end. A cursor over rows gives `most` of them or fewer; one over tables gives a table,
  /// whose size is that of the reference's.
  virtual StreamRows next(std::size_t most) = 0;
};

/// All rows of a piece.
inline StreamRows rows_of(const std::shared_ptr<const Dataset>& piece, std::int64_t begin, std::int64_t end) {
  StreamRows rows;
  rows.reserve(static_cast<std::size_t>(end - begin));
  for (std::int64_t row = begin; row < end; ++row) rows.push_back({piece, row});
  return rows;
}
inline StreamRows rows_of(Dataset&& piece) {
  const auto shared = std::make_shared<const Dataset>(std::move(piece));
  return rows_of(shared, 0, shared->num_rows());
}

/// Moves up to `most` rows away from `from`, where `at` of them were taken already.
inline StreamRows take_rows(StreamRows& from, std::size_t& at, std::size_t most) {
  const auto begin = from.begin() + static_cast<std::ptrdiff_t>(at);
  const std::size_t count = std::min(most, from.size() - at);
  StreamRows rows(std::make_move_iterator(begin), std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count)));
  at += count;
  if (at < from.size()) return rows;
  from.clear();
  at = 0;
  return rows;
}

/// The rows as a data set. `copies`: of their own, so that the pieces need not stay in memory.
inline Dataset gather(const StreamRows& rows, bool copies = false) {
  if (rows.empty()) return {};
  std::vector<std::pair<const Dataset*, std::vector<std::int64_t>>> parts;
  std::vector<std::pair<std::size_t, std::int64_t>> places;  // of each row: its part, its number there
  places.reserve(rows.size());
  std::size_t last = 0;
  for (const StreamRow& row : rows) {
    if (parts.empty() || parts[last].first != row.piece.get()) {
      last = static_cast<std::size_t>(
          std::ranges::find(parts, row.piece.get(), [](const auto& part) { return part.first; }) - parts.begin());
      if (last == parts.size()) parts.push_back({row.piece.get(), {}});
    }
    places.emplace_back(last, static_cast<std::int64_t>(parts[last].second.size()));
    parts[last].second.push_back(row.row);
  }
  if (parts.size() == 1 && !copies) return parts[0].first->select(parts[0].second);
  std::vector<Dataset> pieces;
  std::vector<std::int64_t> begins;
  std::int64_t count = 0;
  for (const auto& [piece, numbers] : parts) {
    pieces.push_back(piece->select(numbers));
    begins.push_back(std::exchange(count, count + pieces.back().num_rows()));
  }
  const Dataset joined = Concatenation(std::move(pieces)).join();
  if (parts.size() == 1) return joined;
  std::vector<std::int64_t> order;
  order.reserve(rows.size());
  for (const auto& [part, number] : places) order.push_back(begins[part] + number);
  return joined.select(order);
}

}  // namespace tl::detail
