// Sorting outside hot loops. std::sort is compiled anew for every type and every comparison, which is a good part of a
// program's compile time; here one sort of numbers serves all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tl {

namespace detail {

/// A reference to a comparison of the elements with two numbers.
class OrderOfNumbers {
 public:
  template <class Before>
  OrderOfNumbers(const Before& before)  // NOLINT(google-explicit-constructor): made where a comparison is passed
      : before_(std::addressof(before)), call_([](const void* raw, std::int64_t a, std::int64_t b) -> bool {
          return (*static_cast<const Before*>(raw))(a, b);
        }) {}

  bool operator()(std::int64_t a, std::int64_t b) const {
    if (call_(before_, a, b)) return true;
    return a < b && !call_(before_, b, a);
  }

 private:
  const void* before_;
  bool (*call_)(const void*, std::int64_t, std::int64_t);
};

}  // namespace detail

/// 0, 1, ... count - 1, those first that come before(a, b) others; equal ones in ascending order.
inline std::vector<std::int64_t> stable_order(std::size_t count, detail::OrderOfNumbers before) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::sort(order.begin(), order.end(), before);
  return order;
}

namespace detail {

/// Puts the values of an array in stable order with the function that swaps two of them.
inline void sort_by_swaps(std::size_t count, OrderOfNumbers before, void* values,
                          void (*swap)(void* values, std::size_t a, std::size_t b)) {
  auto order = stable_order(count, before);
  // Along every cycle of the permutation: the value that belongs to a place comes from order[place].
  for (std::size_t start = 0; start < count; ++start)
    for (std::size_t place = start; order[place] != -1;) {
      const auto from = static_cast<std::size_t>(order[place]);
      order[place] = -1;
      if (from == start) break;
      swap(values, place, from);
      place = from;
    }
}

}  // namespace detail

/// Sorts `values` by before(a, b); equal ones keep their order.
template <class T, class Before> void stable_sort_by(std::vector<T>& values, const Before& before) {
  T* const first = values.data();
  detail::sort_by_swaps(
      values.size(), [&](std::int64_t a, std::int64_t b) { return before(first[a], first[b]); }, first,
      [](void* all, std::size_t a, std::size_t b) { std::swap(static_cast<T*>(all)[a], static_cast<T*>(all)[b]); });
}

/// Sorts `values` in ascending order.
template <class T> void stable_sort_by(std::vector<T>& values) {
  stable_sort_by(values, [](const T& a, const T& b) { return a < b; });
}

/// A name that stands in `names` more than once, the first such in ascending order, or nothing.
inline std::optional<std::string_view> repeated_name(const std::vector<std::string_view>& names) {
  const auto order = stable_order(names.size(), [first = names.data()](auto a, auto b) { return first[a] < first[b]; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::string_view name = names[static_cast<std::size_t>(order[i])];
    if (name == names[static_cast<std::size_t>(order[i - 1])]) return name;
  }
  return std::nullopt;
}

}  // namespace tl
