// The order in which rows are visited, index for index as the Python stack's samplers give it, and its cut into
// batches. An order is a plain vector, so that skipping batches after a resume is index arithmetic.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
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
    auto rows = detail::argsort(count, [&](auto a, auto b) { return length_at(begin + a) > length_at(begin + b); });
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

/// Gives the rows of each epoch of a training run in their order. A custom one decides which rows are seen and how
/// often; a resumed run asks again for the epoch it was in, so an order may depend on the arguments of order() alone.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The name in messages, and in checkpoints: a run goes on under a sampler of the same name.
  virtual std::string name() const = 0;
  /// Number of rows that an epoch visits.
  virtual std::int64_t size() const = 0;
  /// size() indices of rows. `generator` is that of the run; what is drawn here is drawn again after a resume.
  virtual std::vector<std::int64_t> order(std::int64_t epoch, Mt19937& generator) const = 0;
};

/// All rows in another order in each epoch, which does not depend on `generator`.
class RandomSampler : public Sampler {
 public:
  RandomSampler(std::int64_t rows, std::uint64_t seed) : rows_(rows), seed_(seed) {}
  std::string name() const override { return "RandomSampler"; }
  std::int64_t size() const override { return rows_; }
  std::vector<std::int64_t> order(std::int64_t epoch, Mt19937&) const override {
    return random_order(rows_, seed_, epoch);
  }

 private:
  std::int64_t rows_;
  std::uint64_t seed_;
};

/// All rows as the data set has them, in every epoch.
class SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(std::int64_t rows) : rows_(rows) {}
  std::string name() const override { return "SequentialSampler"; }
  std::int64_t size() const override { return rows_; }
  std::vector<std::int64_t> order(std::int64_t, Mt19937&) const override { return sequential_order(rows_); }

 private:
  std::int64_t rows_;
};

/// All rows, those of similar length together: length_grouped_order() for batches of `batch_size` rows per update.
class LengthGroupedSampler : public Sampler {
 public:
  LengthGroupedSampler(std::vector<std::int64_t> lengths, std::int64_t batch_size)
      : lengths_(std::move(lengths)), batch_size_(batch_size) {}
  std::string name() const override { return "LengthGroupedSampler"; }
  std::int64_t size() const override { return static_cast<std::int64_t>(lengths_.size()); }
  std::vector<std::int64_t> order(std::int64_t, Mt19937& generator) const override {
    return length_grouped_order(lengths_, batch_size_, generator);
  }

 private:
  std::vector<std::int64_t> lengths_;
  std::int64_t batch_size_;
};

/// The order of an epoch over a data set of `rows` rows. Throws Error(invalid_argument) for one that is not as long as
/// the sampler says, or for an index outside [0, rows).
inline std::vector<std::int64_t> checked_order(const Sampler& sampler, std::int64_t rows, std::int64_t epoch,
                                               Mt19937& generator) {
  std::vector<std::int64_t> order = sampler.order(epoch, generator);
  const auto got = static_cast<std::int64_t>(order.size());
  check(got == sampler.size(), ErrorCode::invalid_argument, "sampler ", sampler.name(), ": expected ", sampler.size(),
        " rows for epoch ", epoch, ", got ", got);
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] < 0 || order[i] >= rows)
      fail(ErrorCode::invalid_argument, "sampler ", sampler.name(), ": expected rows in [0, ", rows, "), got ",
           order[i], " at place ", i, " of epoch ", epoch);
  return order;
}

/// How many batches `rows` rows make; the last one is short unless drop_last leaves it out.
inline std::int64_t batch_count(std::int64_t rows, std::int64_t batch_size, bool drop_last) {
  return rows / batch_size + (!drop_last && rows % batch_size != 0 ? 1 : 0);
}

/// An order cut into batches; the last one is short unless drop_last leaves it out.
class BatchSampler {
 public:
  /// Throws invalid_argument if batch_size < 1.
  BatchSampler(std::vector<std::int64_t> order, std::int64_t batch_size, bool drop_last = false)
      : order_(std::move(order)), batch_size_(batch_size) {
    check(batch_size >= 1, ErrorCode::invalid_argument, "batch_size: expected at least 1, got ", batch_size);
    const auto rows = static_cast<std::int64_t>(order_.size());
    count_ = batch_count(rows, batch_size, drop_last);
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
