// A batch of token sequences without padding: everything token-wise has N rows, the sum of the lengths, and only
// attention looks at where a sequence begins. This is the one batch layout inside the library. What a model reads of
// the tokens is allocated as one block of memory.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/named_tensors.hpp>
#include <tl/core/tensor.hpp>

namespace tl {

/// B sequences laid end to end; N is the sum of their lengths.
struct [[nodiscard]] Batch {
  Tensor<std::int32_t> input_ids;         ///< [N]
  Tensor<std::int32_t> positions;         ///< [N], 0-based position of each token in its sequence
  Tensor<std::int32_t> sequence_ids;      ///< [N], index of the sequence each token belongs to
  Tensor<std::int32_t> cu_seqlens;        ///< [B + 1], where each sequence begins; the last entry is N
  std::int64_t max_length = 0;            ///< of a sequence, in tokens
  Tensor<std::int32_t> token_type_ids{};  ///< [N]; undefined if all are 0
  /// What the task wants to be predicted: "labels" is int64 [B] for a class of each sequence, float [B, C] for several
  /// labels or numbers, int64 [N] for a class of each token. A class of -100 does not count.
  NamedTensors labels{};

  std::int64_t tokens() const { return input_ids.elements(); }
  std::int64_t sequences() const { return cu_seqlens.elements() - 1; }

  /// Elements that the batch would have if it were padded to its longest sequence.
  std::int64_t padded_tokens() const { return sequences() * max_length; }

  /// Whether there is a label that counts; a batch with -100 alone has no loss.
  bool has_loss() const {
    const auto* classes = labels.find<std::int64_t>("labels");
    if (classes == nullptr) return !labels.empty();
    return std::ranges::any_of(classes->to(cpu_device).span(), [](std::int64_t label) { return label != -100; });
  }

  /// The batch on `device`.
  Batch to(Device device) const;
};

/// Throws Error(shape) unless `offsets` [B + 1] begin at 0, do not descend and end at `rows`, and Error(shape) naming
/// the first that does. Offsets on another device are not looked at.
inline void check_offsets(std::string_view what, const Tensor<std::int32_t>& offsets, std::int64_t rows) {
  check(offsets.rank() == 1 && offsets.elements() >= 1, ErrorCode::shape, what, ": expected offsets [B + 1], got ",
        offsets);
  if (offsets.device().type != DeviceType::cpu) return;
  const std::span<const std::int32_t> all = offsets.span();
  check(all.front() == 0, ErrorCode::shape, what, ": expected the first sequence to begin at row 0, got ", all.front());
  for (std::size_t b = 1; b < all.size(); ++b)
    check(all[b - 1] <= all[b] && all[b] <= rows, ErrorCode::shape, what, ": expected ascending offsets of at most ",
          rows, ", the number of rows, got ", all[b], " after ", all[b - 1], " at position ", b);
  check(all.back() == rows, ErrorCode::shape, what, ": expected offsets that end at the ", rows, " rows, got ",
        all.back());
}

namespace detail {

/// A batch of that many tokens and sequences whose tensors are parts of `block` [3 N + B + 1, or 4 N + B + 1 with token
/// types].
inline Batch batch_in(const Tensor<std::int32_t>& block, std::int64_t tokens, std::int64_t sequences, bool with_types) {
  const auto part = [&](std::int64_t number) { return block.view(number * tokens, Shape{tokens}); };
  Batch batch{.input_ids = part(0),
              .positions = part(1),
              .sequence_ids = part(2),
              .cu_seqlens = block.view((with_types ? 4 : 3) * tokens, Shape{sequences + 1})};
  if (with_types) batch.token_type_ids = part(3);
  return batch;
}

}  // namespace detail

inline Batch Batch::to(Device device) const {
  if (device == input_ids.device()) return *this;
  return {.input_ids = input_ids.to(device),
          .positions = positions.to(device),
          .sequence_ids = sequence_ids.to(device),
          .cu_seqlens = cu_seqlens.to(device),
          .max_length = max_length,
          .token_type_ids = token_type_ids.defined() ? token_type_ids.to(device) : Tensor<std::int32_t>{},
          .labels = labels.to(device)};
}

/// Packs token ids of B sequences, with the token types of each if they are not all 0. Throws Error(shape) if a
/// sequence is empty or has another number of token types than of tokens.
inline Batch pack(std::span<const std::vector<std::int32_t>> sequences,
                  std::span<const std::vector<std::int32_t>> token_types = {}) {
  check(token_types.empty() || token_types.size() == sequences.size(), ErrorCode::shape,
        "pack: expected token types of each of the ", sequences.size(), " sequences, got those of ",
        token_types.size());
  std::int64_t tokens = 0;
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    check(!sequences[b].empty(), ErrorCode::shape, "sequence ", b, " of the batch has no tokens");
    check(token_types.empty() || token_types[b].size() == sequences[b].size(), ErrorCode::shape, "pack, sequence ", b,
          ": expected as many token types as tokens, ", sequences[b].size(), ", got ",
          token_types.empty() ? 0 : token_types[b].size());
    tokens += static_cast<std::int64_t>(sequences[b].size());
  }
  check(tokens <= std::numeric_limits<std::int32_t>::max(), ErrorCode::shape, "a batch of ", tokens,
        " tokens; at most 2^31 - 1 fit");
  const auto count = static_cast<std::int64_t>(sequences.size());
  const bool with_types = !token_types.empty();
  const auto block = Tensor<std::int32_t>::empty({(with_types ? 4 : 3) * tokens + count + 1});
  Batch batch = detail::batch_in(block, tokens, count, with_types);
  std::int32_t row = 0;
  for (std::int32_t b = 0; b < static_cast<std::int32_t>(count); ++b) {
    batch.cu_seqlens.data()[b] = row;
    const auto& ids = sequences[static_cast<std::size_t>(b)];
    if (with_types) std::ranges::copy(token_types[static_cast<std::size_t>(b)], batch.token_type_ids.data() + row);
    for (std::int32_t t = 0; t < static_cast<std::int32_t>(ids.size()); ++t, ++row) {
      batch.input_ids.data()[row] = ids[static_cast<std::size_t>(t)];
      batch.positions.data()[row] = t;
      batch.sequence_ids.data()[row] = b;
    }
    batch.max_length = std::max(batch.max_length, static_cast<std::int64_t>(ids.size()));
  }
  batch.cu_seqlens.data()[count] = row;
  return batch;
}

namespace detail {

/// What is wrong with a row of an attention_mask, which has to be 1 .. 1 0 .. 0; empty if nothing is. DistilBERT counts
/// positions from the left edge and classifies the first place, padding or not: what Python computes for padding in
/// front of the tokens is not what the tokens alone give, and no packed batch can express it.
template <class T> std::string padding_problem(std::span<const T> mask) {
  const auto other = std::find_if(mask.begin(), mask.end(), [](T m) { return m != 0 && m != 1; });
  if (other != mask.end()) return str_cat(": expected 0 or 1 in attention_mask, got ", std::int64_t{*other});
  const auto padding = std::find(mask.begin(), mask.end(), T(0));
  if (std::find(padding, mask.end(), T(1)) == mask.end()) return {};
  if (padding != mask.begin())
    return str_cat(": expected padding after the tokens only, got an attention_mask with a 0 at position ",
                   padding - mask.begin(), " before a 1");
  return ": expected padding after the tokens, got an attention_mask that begins with 0; with padding in front, "
         "positions count from the padding and a padding token is classified, so pad on the right or not at all";
}

}  // namespace detail

/// Packs B sequences that were padded on the right to one length: input_ids [B, T], and attention_mask [B, T] with 1
/// for tokens and 0 for padding. Throws Error(shape) if the shapes differ, a row has no token or its ones do not come
/// first, Error(invalid_argument) for an id beyond 32 bits.
template <std::integral T> Batch pack(const Tensor<T>& input_ids, const Tensor<T>& attention_mask) {
  check(input_ids.rank() == 2 && input_ids.defined() && input_ids.shape() == attention_mask.shape(), ErrorCode::shape,
        "pack: expected input_ids [B, T] and an attention_mask of the same shape, got ", input_ids, " and ",
        attention_mask);
  const Tensor<T> ids = input_ids.to(cpu_device), masks = attention_mask.to(cpu_device);  // [B, T]
  std::vector<std::vector<std::int32_t>> sequences(static_cast<std::size_t>(ids.size(0)));
  for (std::int64_t row = 0; row < ids.size(0); ++row) {
    const Tensor<T> row_ids = ids[row], mask = masks[row];  // [T]
    const std::string problem = detail::padding_problem(mask.span());
    if (!problem.empty()) fail(ErrorCode::shape, "pack, row ", row, problem);
    for (std::int64_t t = 0; t < mask.elements() && mask.data()[t] == 1; ++t) {
      const T id = row_ids.data()[t];
      check(std::in_range<std::int32_t>(id), ErrorCode::invalid_argument, "pack, row ", row,
            ": expected token ids of 32 bits, got ", std::int64_t{id});
      sequences[static_cast<std::size_t>(row)].push_back(static_cast<std::int32_t>(id));
    }
  }
  return pack(sequences);
}

}  // namespace tl
