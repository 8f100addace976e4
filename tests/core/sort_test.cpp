#include <tl/core/sort.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("argsort gives the order of the values, equal ones in the order they have") {
  const std::vector<std::string> values{"c", "a", "b", "a", "c"};
  const auto ascending = tl::detail::argsort(values.size(), [&](std::int64_t a, std::int64_t b) {
    return values[static_cast<std::size_t>(a)] < values[static_cast<std::size_t>(b)];
  });
  CHECK(ascending == std::vector<std::int64_t>{1, 3, 2, 0, 4});
  CHECK(tl::detail::argsort(0, [](std::int64_t, std::int64_t) { return false; }).empty());
  // so many equal ones that an unstable sort would move them
  const auto equal = tl::detail::argsort(1000, [](std::int64_t, std::int64_t) { return false; });
  bool in_order = true;
  for (std::size_t i = 0; i < equal.size(); ++i) in_order = in_order && equal[i] == static_cast<std::int64_t>(i);
  CHECK(in_order);
}

TEST_CASE("repeated_name finds a name that is there twice") {
  std::vector<std::string_view> names{"b", "a", "c"};
  CHECK_FALSE(tl::detail::repeated_name(names));
  names.push_back("b");
  CHECK(tl::detail::repeated_name(names) == "b");
}
