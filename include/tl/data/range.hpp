// Row numbers in a row, as Python's range() gives them to select().
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace tl {

/// The numbers begin, begin + 1, ..., end - 1; none if end <= begin. What Dataset::select takes.
inline std::vector<std::int64_t> range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> numbers(end > begin ? static_cast<std::size_t>(end - begin) : 0);
  std::iota(numbers.begin(), numbers.end(), begin);
  return numbers;
}

/// The numbers 0, 1, ..., end - 1: `dataset.shuffle(42).select(tl::range(1000))`.
inline std::vector<std::int64_t> range(std::int64_t end) { return range(0, end); }

}  // namespace tl
