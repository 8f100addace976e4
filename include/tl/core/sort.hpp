// Sorting by an index, and what follows from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

namespace tl {

/// 0, 1, ... count - 1, those first that come before(a, b) others; equal ones in ascending order.
template <class Before> std::vector<std::int64_t> argsort(std::size_t count, const Before& before) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

/// A name that is in `names` more than once, the first such in ascending order, or nothing.
inline std::optional<std::string_view> repeated_name(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? std::nullopt : std::optional(*twice);
}

}  // namespace tl
