// Truncation: how many tokens of each sequence remain, and the overlapping windows that the rest goes into. The rules,
// ties included, are those of the reference library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

/// Which text of a pair is shortened.
enum class TruncationStrategy { longest_first, only_first, only_second, do_not_truncate };
/// The end of a text at which tokens are cut or padding is added.
enum class Side { right, left };

namespace detail::text {

/// A range of tokens of one sequence.
struct Window {
  std::int64_t begin, end;
};

/// The lengths that `first` and `second` tokens (second: nothing for a single text) are cut to so that both fit into
/// `budget`. Throws invalid_argument if only_first or only_second cannot reach it.
inline std::pair<std::int64_t, std::int64_t> truncated_lengths(std::int64_t first, std::optional<std::int64_t> second,
                                                               std::int64_t budget, TruncationStrategy strategy) {
  const std::int64_t other = second.value_or(0);
  // A budget below zero (max_length smaller than the number of special tokens) truncates nothing in the reference.
  if (strategy == TruncationStrategy::do_not_truncate || budget < 0 || (budget > 0 && first + other <= budget))
    return {first, other};
  if (budget == 0) return {0, 0};
  if (strategy == TruncationStrategy::longest_first) {
    if (!second) return {budget, 0};
    std::int64_t shorter = std::min(first, other), longer = std::max(first, other);
    longer = shorter > budget ? shorter : std::max(shorter, budget - shorter);
    if (shorter + longer > budget) {
      shorter = budget / 2;
      longer = shorter + budget % 2;
    }
    return first > other ? std::pair(longer, shorter) : std::pair(shorter, longer);
  }
  const bool cut_first = strategy == TruncationStrategy::only_first;
  check(cut_first || second, ErrorCode::invalid_argument,
        "truncation strategy only_second: expected a pair of texts, got a single text");
  const std::int64_t excess = first + other - budget, target = cut_first ? first : other;
  check(target > excess, ErrorCode::invalid_argument, "truncation strategy ", cut_first ? "only_first" : "only_second",
        ": expected more than ", excess, " tokens in the ", cut_first ? "first" : "second",
        " text to reach the length limit, got ", target, "; use longest_first or a larger max_length");
  return cut_first ? std::pair(first - excess, other) : std::pair(first, other - excess);
}

/// What remains of `count` tokens that are cut to `length`. Throws invalid_argument if the windows after it cannot
/// overlap by `stride` because it is not below the length.
inline Window first_window(std::int64_t count, std::int64_t length, std::int64_t stride, Side side) {
  if (length >= count) return {0, count};
  check(length == 0 || stride < length, ErrorCode::invalid_argument, "stride: expected less than the ", length,
        " tokens that remain of this text after truncation, got ", stride);
  return side == Side::right || length == 0 ? Window{0, length} : Window{count - length, count};
}

/// Cuts `count` tokens into windows of `length` that overlap by `stride`: the first window is what remains, the others
/// are the overflow. Throws as first_window.
inline std::vector<Window> truncation_windows(std::int64_t count, std::int64_t length, std::int64_t stride, Side side) {
  std::vector<Window> windows{first_window(count, length, stride, side)};
  if (length == 0 && count > 0) windows.push_back({0, count});
  if (length == 0) return windows;
  const std::int64_t advance = length - stride;
  while (side == Side::right && windows.back().end < count) {
    const std::int64_t begin = windows.back().begin + advance;
    windows.push_back({begin, std::min(begin + length, count)});
  }
  while (side == Side::left && windows.back().begin > 0) {
    const std::int64_t end = windows.back().end - advance;
    windows.push_back({std::max<std::int64_t>(0, end - length), end});
  }
  return windows;
}

}  // namespace detail::text
}  // namespace tl
