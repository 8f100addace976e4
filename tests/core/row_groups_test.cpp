#include <tl/core/row_groups.hpp>

#include <map>
#include <vector>

#include "support/catch.hpp"
#include "support/locked_memory.hpp"

using tl::RowGroups;
using tl::Tensor;

namespace {

using Ints = std::vector<std::int32_t>;

Tensor<std::int32_t> tensor(const Ints& values) {
  return Tensor<std::int32_t>::from(values, {static_cast<std::int64_t>(values.size())});
}

const std::int32_t* address(const Tensor<std::int32_t>& ids) { return ids.data(); }

void check_groups(const Ints& ids, const Ints& rows, const Ints& begin, const Ints& of) {
  const RowGroups groups = tl::group_rows(tensor(ids));
  CHECK(groups.defined());
  CHECK(groups.count() == static_cast<std::int64_t>(of.size()));
  CHECK(groups.rows.to_vector() == rows);
  CHECK(groups.begin.to_vector() == begin);
  CHECK(groups.ids.to_vector() == of);
  CHECK(groups.are_of(tensor(ids)));
}

}  // namespace

TEST_CASE("row groups: rows ascending in each group, ids ascending") {
  check_groups({7, 3, 7, 9, 3, 7}, {1, 4, 0, 2, 5, 3}, {0, 2, 5, 6}, {3, 7, 9});
  check_groups({}, {}, {0}, {});
  check_groups({5}, {0}, {0, 1}, {5});
  check_groups({4, 4, 4}, {0, 1, 2}, {0, 3}, {4});              // one id
  check_groups({8, 6, 7}, {1, 2, 0}, {0, 1, 2, 3}, {6, 7, 8});  // all distinct
  check_groups({0, 1, 1, 0}, {0, 3, 1, 2}, {0, 2, 4}, {0, 1});  // token types
  check_groups({1, -2, 2147483647, -2147483647 - 1, -2}, {3, 1, 4, 0, 2}, {0, 1, 3, 4, 5},
               {-2147483647 - 1, -2, 1, 2147483647});  // ids of no table: an operation names them
}

TEST_CASE("row groups: many rows against a map") {
  Ints ids;
  for (std::uint32_t i = 0, random = 1; i < 5000; ++i) {
    random = random * 1664525U + 1013904223U;
    ids.push_back(static_cast<std::int32_t>(random >> 24) * 1000 - 50000);
  }
  std::map<std::int32_t, Ints> expected;
  for (std::size_t i = 0; i < ids.size(); ++i) expected[ids[i]].push_back(static_cast<std::int32_t>(i));
  Ints rows, begin{0}, of;
  for (const auto& [id, its] : expected) {
    rows.insert(rows.end(), its.begin(), its.end());
    begin.push_back(static_cast<std::int32_t>(rows.size()));
    of.push_back(id);
  }
  check_groups(ids, rows, begin, of);
}

TEST_CASE("row groups: are_of tells every other grouping and every other id apart") {
  const Tensor<std::int32_t> ids = tensor({7, 3, 7, 9, 3, 7});
  const RowGroups good = tl::group_rows(ids);
  const auto with = [&](auto change) {
    RowGroups groups{good.rows.clone(), good.begin.clone(), good.ids.clone()};
    change(groups);
    return groups.are_of(ids);
  };
  CHECK(with([](RowGroups&) {}));
  CHECK_FALSE(with([](RowGroups& g) { std::swap(g.rows.data()[0], g.rows.data()[1]); }));  // another order of the sum
  CHECK_FALSE(with([](RowGroups& g) { g.rows.data()[1] = 1; }));                           // one row twice
  CHECK_FALSE(with([](RowGroups& g) { g.rows.data()[5] = 6; }));
  CHECK_FALSE(with([](RowGroups& g) { g.rows.data()[0] = -1; }));
  CHECK_FALSE(with([](RowGroups& g) { g.begin.data()[1] = 3; }));
  CHECK_FALSE(with([](RowGroups& g) { g.begin.data()[1] = 100; }));
  CHECK_FALSE(with([](RowGroups& g) { g.begin.data()[0] = 1; }));
  CHECK_FALSE(with([](RowGroups& g) { g.begin.data()[3] = 5; }));
  CHECK_FALSE(with([](RowGroups& g) { g.ids.data()[2] = 8; }));
  CHECK_FALSE(with([](RowGroups& g) { g.ids = g.ids.rows(0, 2); }));
  CHECK_FALSE(with([](RowGroups& g) { g.rows = g.rows.rows(0, 5); }));
  CHECK_FALSE(with([](RowGroups& g) { g = {}; }));
  CHECK_FALSE(good.are_of(tensor({7, 3, 7, 9, 3, 8})));
  CHECK_FALSE(good.are_of(tensor({7, 3, 7, 9, 3})));
  // one id split into two groups
  const RowGroups split{tensor({0, 1}), tensor({0, 1, 2}), tensor({4, 4})};
  CHECK_FALSE(split.are_of(tensor({4, 4})));
}

TEST_CASE("row groups: those that fit are used, others are made anew") {
  const Tensor<std::int32_t> ids = tensor({2, 1, 2});
  const RowGroups made = tl::group_rows(ids);
  CHECK(address(tl::groups_of(ids, made).rows) == address(made.rows));
  CHECK(tl::groups_of(ids, {}).ids.to_vector() == Ints{1, 2});
  CHECK(tl::groups_of(tensor({5, 1, 2}), made).ids.to_vector() == Ints{1, 2, 5});
}

TEST_CASE("row groups: ids of another device get groups there") {
  const tl::test::LockedMemoryScope device;
  const Tensor<std::int32_t> host = tensor({2, 1, 2}), ids = host.to(tl::cuda_device);
  const RowGroups groups = tl::groups_of(ids, {});
  CHECK(groups.rows.device() == tl::cuda_device);
  CHECK(groups.rows.to_vector() == Ints{1, 0, 2});
  CHECK(tl::groups_of(ids, tl::group_rows(host)).begin.device() == tl::cuda_device);
  CHECK(address(tl::groups_of(ids, groups).ids) == address(groups.ids));
}
