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

inline void sort_numbers(std::vector<std::int64_t>& numbers, OrderOfNumbers before) {
  std::sort(numbers.begin(), numbers.end(), before);
}

}  // namespace detail

/// 0, 1, ... count - 1, those first that come before(a, b) others; equal ones in ascending order.
template <class Before> std::vector<std::int64_t> stable_order(std::size_t count, const Before& before) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  detail::sort_numbers(order, before);
  return order;
}

/// Sorts `values` by before(a, b); equal ones keep their order.
template <class T, class Before> void stable_sort_by(std::vector<T>& values, const Before& before) {
  T* const first = values.data();
  auto order = stable_order(values.size(), [&](std::int64_t a, std::int64_t b) { return before(first[a], first[b]); });
  // Along every cycle of the permutation: the value that belongs to a place comes from order[place].
  for (std::size_t start = 0; start < order.size(); ++start)
    for (std::size_t place = start; order[place] != -1;) {
      const auto from = static_cast<std::size_t>(order[place]);
      order[place] = -1;
      if (from == start) break;
      std::swap(first[place], first[from]);
      place = from;
    }
}

/// Sorts `values` in ascending order.
template <class T> void stable_sort_by(std::vector<T>& values) {
  stable_sort_by(values, [](const T& a, const T& b) { return a < b; });
}

/// A name that stands in `names` more than once, or nothing. Sorts `names`.
inline std::optional<std::string_view> repeated_name(std::vector<std::string_view>& names) {
  stable_sort_by(names);
  for (std::size_t i = 1; i < names.size(); ++i)
    if (names[i] == names[i - 1]) return names[i];
  return std::nullopt;
}

}  // namespace tl
