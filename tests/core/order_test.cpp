#include <tl/core/order.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/mt19937.hpp>

#include "support/catch.hpp"

TEST_CASE("stable_sort_by moves values as std::stable_sort does") {
  tl::Mt19937 random(7);
  for (const std::size_t count : {0U, 1U, 2U, 3U, 10U, 1000U}) {
    std::vector<std::pair<std::string, std::size_t>> values;
    for (std::size_t i = 0; i < count; ++i) values.emplace_back(std::string(random.next_u32() % 5, 'x'), i);
    auto expected = values;
    const auto by_text = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::stable_sort(expected.begin(), expected.end(), by_text);
    tl::stable_sort_by(values, by_text);
    CHECK(values == expected);
  }
}

TEST_CASE("stable_sort_by without a comparison sorts in ascending order") {
  std::vector<std::int64_t> values{3, 1, 2, 1, 0};
  tl::stable_sort_by(values);
  CHECK(values == std::vector<std::int64_t>{0, 1, 1, 2, 3});
}

TEST_CASE("repeated_name finds a name that stands twice") {
  std::vector<std::string_view> names{"b", "a", "c"};
  CHECK_FALSE(tl::repeated_name(names));
  names.push_back("b");
  CHECK(tl::repeated_name(names) == "b");
}
