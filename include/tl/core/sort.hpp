// Sorting by an index, and what follows from it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tl {

namespace detail {

/// 0, 1, ... count - 1, those first that come before(a, b) others; equal ones in ascending order. A stable sort is the
/// largest algorithm of the standard library: a std::function lets a program have it once.
inline std::vector<std::int64_t> argsort(std::size_t count,
                                         const std::function<bool(std::int64_t, std::int64_t)>& before) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&before](auto a, auto b) { return before(a, b); });
  return order;
}

}  // namespace detail

/// `items` with those first that come before(a, b) others; equal ones keep their order.
template <class T, class Before> std::vector<T> stable_sorted(std::vector<T> items, const Before& before) {
  std::vector<T> sorted;
  sorted.reserve(items.size());
  const auto item = [&items](std::int64_t i) -> T& { return items[static_cast<std::size_t>(i)]; };
  for (const std::int64_t i : detail::argsort(items.size(), [&](auto a, auto b) { return before(item(a), item(b)); }))
    sorted.push_back(std::move(item(i)));
  return sorted;
}

namespace detail {

/// A name that is in `names` more than once, the first such in ascending order, or nothing.
inline std::optional<std::string_view> repeated_name(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? std::nullopt : std::optional(*twice);
}

}  // namespace detail

}  // namespace tl
