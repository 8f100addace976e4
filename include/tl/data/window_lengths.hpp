// The windows of texts that are longer than a model: a row of a data set is one text, its column "input_ids" holds the
// tokens of all its windows end to end, and its column "window_lengths" the tokens of each. So a text stays one row,
// and batches, samplers and metrics count texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/tensor.hpp>

namespace tl::detail {

/// What is wrong with the lengths of the windows of a row of `tokens` tokens, none of which may have more than
/// `longest`; empty if nothing is.
inline std::string windows_problem(std::span<const std::int32_t> lengths, std::int64_t tokens,
                                   std::optional<std::int64_t> longest) {
  if (lengths.empty()) return "expected at least one window in window_lengths, got none";
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 1) return str_cat("expected at least one token in window ", i, ", got ", lengths[i]);
    if (longest && lengths[i] > *longest)
      return str_cat("expected at most ", *longest, " tokens in window ", i, ", which is what the model takes, got ",
                     lengths[i], "; make shorter windows");
    sum += lengths[i];
  }
  if (sum == tokens) return {};
  return str_cat("expected window_lengths that add up to the ", tokens, " tokens, got ", sum);
}

/// Adds each window of a row as a sequence of its own.
inline void append_windows(std::vector<std::vector<std::int32_t>>& sequences, const std::vector<std::int32_t>& row,
                           std::span<const std::int32_t> lengths) {
  auto begin = row.begin();
  for (const std::int32_t length : lengths) {
    sequences.emplace_back(begin, begin + length);
    begin += length;
  }
}

/// Batch::cu_windows of texts with so many windows each: [R + 1].
inline Tensor<std::int32_t> window_offsets(std::span<const std::int32_t> counts) {
  auto offsets = Tensor<std::int32_t>::zeros({static_cast<std::int64_t>(counts.size()) + 1});
  std::partial_sum(counts.begin(), counts.end(), offsets.data() + 1);
  return offsets;
}

}  // namespace tl::detail
