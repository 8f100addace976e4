// A batch of token sequences without padding: everything token-wise has N rows, the sum of the lengths, and only
// attention looks at where a sequence begins. This is the one batch layout inside the library.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <tl/core/tensor.hpp>

namespace tl {

/// B sequences laid end to end; N is the sum of their lengths.
struct PackedSequences {
  Tensor<std::int32_t> input_ids;     ///< [N]
  Tensor<std::int32_t> positions;     ///< [N], 0-based position of each token in its sequence
  Tensor<std::int32_t> sequence_ids;  ///< [N], index of the sequence each token belongs to
  Tensor<std::int32_t> cu_seqlens;    ///< [B + 1], where each sequence begins; the last entry is N
  std::int64_t max_length = 0;

  std::int64_t tokens() const { return input_ids.elements(); }
  std::int64_t sequences() const { return cu_seqlens.elements() - 1; }
};

/// Packs token ids of B sequences. Throws Error(shape) if a sequence is empty.
inline PackedSequences pack(std::span<const std::vector<std::int32_t>> sequences) {
  std::int64_t tokens = 0;
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    check(!sequences[b].empty(), ErrorCode::shape, "sequence ", b, " of the batch has no tokens");
    tokens += static_cast<std::int64_t>(sequences[b].size());
  }
  check(tokens <= std::numeric_limits<std::int32_t>::max(), ErrorCode::shape, "a batch of ", tokens,
        " tokens; at most 2^31 - 1 fit");
  const auto count = static_cast<std::int64_t>(sequences.size());
  PackedSequences packed{Tensor<std::int32_t>::empty({tokens}), Tensor<std::int32_t>::empty({tokens}),
                         Tensor<std::int32_t>::empty({tokens}), Tensor<std::int32_t>::empty({count + 1}), 0};
  std::int32_t row = 0;
  for (std::int32_t b = 0; b < static_cast<std::int32_t>(count); ++b) {
    packed.cu_seqlens.data()[b] = row;
    const auto& ids = sequences[static_cast<std::size_t>(b)];
    for (std::int32_t t = 0; t < static_cast<std::int32_t>(ids.size()); ++t, ++row) {
      packed.input_ids.data()[row] = ids[static_cast<std::size_t>(t)];
      packed.positions.data()[row] = t;
      packed.sequence_ids.data()[row] = b;
    }
    packed.max_length = std::max(packed.max_length, static_cast<std::int64_t>(ids.size()));
  }
  packed.cu_seqlens.data()[count] = row;
  return packed;
}

}  // namespace tl
