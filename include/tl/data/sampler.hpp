// The order in which rows are visited, index for index as the Python stack's samplers give it, and its cut into
// batches. An order is a plain vector, so that skipping batches after a resume is index arithmetic.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/mt19937.hpp>
#include <tl/core/sort.hpp>

namespace tl {

/// The shuffled order of one epoch: torch.randperm under a generator freshly seeded with seed + epoch. Independent of
/// every other draw of the program.
inline std::vector<std::int64_t> random_order(std::int64_t n, std::uint64_t seed, std::int64_t epoch = 0) {
  Mt19937 generator(seed + static_cast<std::uint64_t>(epoch));
  return randperm(n, generator);
}

/// 0, 1, .., n-1.
inline std::vector<std::int64_t> sequential_order(std::int64_t n) {
  check(n >= 0, ErrorCode::invalid_argument, "sequential_order: expected n >= 0, got ", n);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

/// group_by_length: a random order whose stretches of up to 50 batches are sorted by descending length, with a longest
/// row moved to the very front, so that running out of memory shows at the first step. `batch_size` is the rows per
/// optimiser step (per-device batch x accumulation). Costs n - 1 draws of `generator`, which the Python stack takes
/// from its global generator when it trains. Throws invalid_argument if batch_size < 1.
inline std::vector<std::int64_t> length_grouped_order(std::span<const std::int64_t> lengths, std::int64_t batch_size,
                                                      Mt19937& generator) {
  check(batch_size >= 1, ErrorCode::invalid_argument, "length_grouped_order: expected batch_size >= 1, got ",
        batch_size);
  const auto n = static_cast<std::int64_t>(lengths.size());
  auto order = randperm(n, generator);
  if (n == 0) return order;
  const auto length_at = [&](std::int64_t place) {
    return lengths[static_cast<std::size_t>(order[static_cast<std::size_t>(place)])];
  };
  const std::int64_t quarter = batch_size > n / 4 ? 0 : n / (batch_size * 4);
  const std::int64_t stretch = std::clamp<std::int64_t>(quarter, 1, 50) * std::min(batch_size, n);
  std::int64_t longest = 0;
  for (std::int64_t begin = 0; begin < n; begin += stretch) {
    const auto count = static_cast<std::size_t>(std::min(stretch, n - begin));
    auto rows = argsort(count, [&](auto a, auto b) { return length_at(begin + a) > length_at(begin + b); });
    for (std::int64_t& row : rows) row = order[static_cast<std::size_t>(begin + row)];
    std::copy(rows.begin(), rows.end(), order.begin() + begin);
    if (length_at(begin) > length_at(longest)) longest = begin;
  }
  std::swap(order.front(), order[static_cast<std::size_t>(longest)]);
  return order;
}

/// The same under a generator freshly seeded with `seed`, as version 5 of the Python stack evaluates.
inline std::vector<std::int64_t> length_grouped_order(std::span<const std::int64_t> lengths, std::int64_t batch_size,
                                                      std::uint64_t seed) {
  Mt19937 generator(seed);
  return length_grouped_order(lengths, batch_size, generator);
}

/// An order cut into batches; the last one is short unless drop_last leaves it out.
class BatchSampler {
 public:
  /// Throws invalid_argument if batch_size < 1.
  BatchSampler(std::vector<std::int64_t> order, std::int64_t batch_size, bool drop_last = false)
      : order_(std::move(order)), batch_size_(batch_size) {
    check(batch_size >= 1, ErrorCode::invalid_argument, "batch_size: expected at least 1, got ", batch_size);
    const auto rows = static_cast<std::int64_t>(order_.size());
    count_ = rows / batch_size + (!drop_last && rows % batch_size != 0 ? 1 : 0);
  }

  /// Number of batches.
  std::int64_t size() const noexcept { return count_; }

  /// The rows of one batch. Throws invalid_argument outside [0, size()).
  std::span<const std::int64_t> operator[](std::int64_t batch) const {
    check(batch >= 0 && batch < count_, ErrorCode::invalid_argument, "batch ", batch, " of ", count_, " batches");
    const std::int64_t begin = batch * batch_size_;
    const auto rows = std::min(batch_size_, static_cast<std::int64_t>(order_.size()) - begin);
    return std::span(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(rows));
  }

  const std::vector<std::int64_t>& order() const noexcept { return order_; }

 private:
  std::vector<std::int64_t> order_;
  std::int64_t batch_size_;
  std::int64_t count_ = 0;
};

}  // namespace tl
