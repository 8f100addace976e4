// Row orders against the samplers of the Python stack, and the cut into batches.
#include <numeric>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/data/sampler.hpp>

#include "support/catch.hpp"
#include "support/random_reference.hpp"
#include "support/reference.hpp"

using namespace tl;
using nlohmann::json;
using tl::test::check_order;

namespace {

std::vector<std::int64_t> reference_lengths(std::int64_t n) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < n; ++i) lengths.push_back(5 + (i * 7919) % 53);
  return lengths;
}

}  // namespace

TEST_CASE("sampler: shuffled epochs equal the Python stack's seedable sampler") {
  const json stored = json::parse(test::read_text(test::reference_file("random.json")));
  for (std::int64_t epoch = 0; epoch < 3; ++epoch)
    check_order(random_order(40, 42, epoch), stored.at("epochs").at(static_cast<std::size_t>(epoch)));
}

TEST_CASE("sampler: length groups equal the Python stack's, from a running and from a fresh generator") {
  const json stored = json::parse(test::read_text(test::reference_file("random.json")));
  for (const auto& entry : stored.at("grouped")) {
    const auto lengths = reference_lengths(entry.at("n"));
    const auto seed = entry.at("seed").get<std::uint64_t>();
    Mt19937 generator(seed);
    check_order(length_grouped_order(lengths, entry.at("batch"), generator), entry.at("order"));
    check_order(length_grouped_order(lengths, entry.at("batch"), generator), entry.at("second"));
    check_order(length_grouped_order(lengths, entry.at("batch"), seed), entry.at("order"));
  }
  check_order(length_grouped_order(reference_lengths(50), 8, std::uint64_t{42}), stored.at("grouped_sampler").at(0));
  CHECK(length_grouped_order({}, 8, std::uint64_t{42}).empty());
  CHECK(length_grouped_order(reference_lengths(3), std::int64_t{1} << 62, std::uint64_t{1}).size() == 3);
  TL_REQUIRE_ERROR(length_grouped_order(reference_lengths(3), 0, std::uint64_t{1}), "expected batch_size >= 1, got 0");
}

TEST_CASE("sampler: every epoch order of the reference collection's real training runs") {
  const auto path = test::shared_file("reference/verified/permutations.json");
  if (!path) TL_SKIP("the shared reference collection is not at hand");
  const json stored = json::parse(test::read_text(*path));
  for (const auto& entry : stored.at("trainer")) {
    INFO(entry.at("note"));
    const json& arguments = entry.at("args");
    const auto n = arguments.at("n").get<std::int64_t>();
    Mt19937 global(42);
    global.discard(arguments.value("draw", 0u));
    std::int64_t epoch = 0;
    for (const auto& expected : entry.at("epochs")) {
      if (arguments.value("group_by_length", false)) {
        global.discard(2);  // the base seed that a pass over a data loader takes
        const auto rows = arguments.at("b").get<std::int64_t>() * arguments.value("acc", std::int64_t{1});
        check_order(length_grouped_order(reference_lengths(n), rows, global), expected);
      } else {
        const auto seed = arguments.value("data_seed", arguments.value("seed", std::uint64_t{42}));
        check_order(random_order(n, seed, epoch), expected);
      }
      ++epoch;
    }
  }
}

TEST_CASE("sampler: batches cover the order, the last one short or dropped") {
  const BatchSampler all(sequential_order(10), 4);
  REQUIRE(all.size() == 3);
  std::vector<std::int64_t> seen;
  for (std::int64_t i = 0; i < all.size(); ++i) seen.insert(seen.end(), all[i].begin(), all[i].end());
  CHECK(seen == all.order());
  CHECK(all[2].size() == 2);
  CHECK(BatchSampler(sequential_order(10), 4, true).size() == 2);
  CHECK(BatchSampler(sequential_order(8), 4, true).size() == 2);
  CHECK(BatchSampler(sequential_order(0), 4).size() == 0);
  CHECK(BatchSampler(sequential_order(3), std::int64_t{1} << 62)[0].size() == 3);
  TL_REQUIRE_ERROR(all[3], "batch 3 of 3 batches");
  TL_REQUIRE_ERROR(all[-1], "batch -1 of 3 batches");
  TL_REQUIRE_ERROR(BatchSampler(sequential_order(3), 0), "batch_size: expected at least 1, got 0");
  TL_REQUIRE_ERROR(sequential_order(-1), "sequential_order: expected n >= 0, got -1");
}
