// The batch loader: the batches of the collator in the sampler's order, and errors where the batch would have been.
#include <tl/data/batch_loader.hpp>

#include <numeric>
#include <thread>

#include "support/catch.hpp"

using namespace tl;

namespace {

using Tokens = std::vector<std::vector<std::int32_t>>;

/// Rows of 1 to 5 tokens, each of them the row's number.
Dataset numbered_rows(std::int32_t count) {
  Tokens ids;
  std::vector<std::int64_t> labels;
  for (std::int32_t row = 0; row < count; ++row) {
    ids.emplace_back(static_cast<std::size_t>(1 + row % 5), row);
    labels.push_back(row % 3);
  }
  return Dataset::from_columns({{"input_ids", std::move(ids)}, {"label", std::move(labels)}});
}

void check_equal(const Batch& got, const Batch& expected) {
  REQUIRE(got.input_ids.to_vector() == expected.input_ids.to_vector());
  REQUIRE(got.cu_seqlens.to_vector() == expected.cu_seqlens.to_vector());
  REQUIRE(got.labels.at<std::int64_t>("labels").to_vector() == expected.labels.at<std::int64_t>("labels").to_vector());
}

/// A collator whose batches a thread prepares, as those of a user's function.
class Ahead : public PackedCollator {
 public:
  using PackedCollator::PackedCollator;
  bool prepares_ahead() const override { return true; }
};

/// Runs the rest of a test with that many threads.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace

TEST_CASE("batch loader: the batches of the collator, in the order of the sampler") {
  const auto [threads, batch_size, drop_last] =
      GENERATE(table<int, int, bool>({{1, 4, false}, {2, 4, false}, {2, 1, true}, {2, 30, true}, {2, 64, false}}));
  const Threads set(threads);
  const Ahead collate(numbered_rows(61));
  const BatchSampler batches(random_order(61, 7), batch_size, drop_last);
  BatchLoader loader(batches, collate);
  CHECK(loader.rows().empty());
  REQUIRE(loader.size() == batches.size());
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    check_equal(loader.next(), collate(batches[i]));
    REQUIRE(std::equal(loader.rows().begin(), loader.rows().end(), batches[i].begin(), batches[i].end()));
  }
  TL_REQUIRE_ERROR(loader.next(), str_cat("batch ", batches.size(), " of ", batches.size(), " batches"));
}

TEST_CASE("batch loader: begins at any batch, after the last one too") {
  const Threads set(GENERATE(1, 2));
  const Ahead collate(numbered_rows(10));
  const BatchSampler batches(sequential_order(10), 3);
  for (std::int64_t first = 0; first < batches.size(); ++first)
    check_equal(BatchLoader(batches, collate, first).next(), collate(batches[first]));
  TL_REQUIRE_ERROR(BatchLoader(batches, collate, 4).next(), "batch 4 of 4 batches");
}

TEST_CASE("batch loader: a bad row is an error where its batch would have been, and stays one") {
  const Threads set(GENERATE(1, 2));
  const Dataset data = Dataset::from_columns({{"input_ids", Tokens{{1}, {2}, {}, {4}, {5}}}});
  const Ahead collate(data, {.name = "rows"});
  BatchLoader loader({sequential_order(5), 1}, collate);
  CHECK(loader.next().input_ids.item() == 1);
  CHECK(loader.next().input_ids.item() == 2);
  for (int again = 0; again < 3; ++again)
    TL_REQUIRE_ERROR(loader.next(), "rows, row 2: expected at least one token, got none");
  CHECK(loader.rows()[0] == 2);
}

TEST_CASE("batch loader: may be left before, between and after all of its batches") {
  const Threads set(2);
  const Ahead collate(numbered_rows(20));
  for (int round = 0; round < 200; ++round) {
    BatchLoader loader({sequential_order(20), 2}, collate);
    std::int64_t tokens = 0;
    for (int taken = 0; taken < round % 11; ++taken) tokens += loader.next().tokens();
    REQUIRE(tokens == std::vector<std::int64_t>{0, 3, 10, 16, 21, 30, 33, 40, 46, 51, 60}[round % 11]);
  }
}

TEST_CASE("batch loader: a thread prepares the batches only of a collator that asks for it") {
  const Threads set(2);
  const Dataset rows = numbered_rows(6);
  std::vector<std::thread::id> made_by;
  const FunctionCollator function(
      rows,
      [&](const Dataset& all, std::span<const std::int64_t> some) {
        made_by.push_back(std::this_thread::get_id());
        return PackedCollator(all)(some);
      },
      "rows");
  {
    BatchLoader loader({sequential_order(6), 3}, function);
    for (int i = 0; i < 2; ++i) (void)loader.next();
  }
  CHECK(made_by.size() == 2);
  CHECK(made_by[0] != std::this_thread::get_id());
  CHECK(function.prepares_ahead());
  CHECK_FALSE(PackedCollator(rows).prepares_ahead());
}
