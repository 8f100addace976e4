// A batch of token sequences without padding: everything token-wise has N rows, the sum of the lengths, and only
// attention looks at where a sequence begins. This is the one batch layout inside the library. What a model reads of
// the tokens is allocated as one block of memory, and reaches a device in one copy.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/named_tensors.hpp>
#include <tl/core/row_groups.hpp>
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
  /// Where a text is longer than a model, its windows are the sequences: text t has the sequences [cu_windows[t],
  /// cu_windows[t + 1]). [R + 1]; undefined if every sequence is a text.
  Tensor<std::int32_t> cu_windows{};
  /// What the task wants to be predicted: "labels" is int64 [B] for a class of each sequence (of each text, if there
  /// are cu_windows), float [B, C] for several labels or numbers, int64 [N] for a class of each token. A class of -100
  /// does not count.
  NamedTensors labels{};
  /// Rows with the same id, position and token type, for the gradients of embeddings. A batch need not have them: what
  /// it lacks, or no longer fits, is made where it is needed; see groups_of().
  RowGroups id_groups{}, position_groups{}, token_type_groups{};
  /// The memory of all these, of labels after to() alone; undefined if it is not one block.
  Tensor<std::int32_t> block{};

  std::int64_t tokens() const { return input_ids.elements(); }
  std::int64_t sequences() const { return cu_seqlens.elements() - 1; }
  std::int64_t texts() const { return cu_windows.defined() ? cu_windows.elements() - 1 : sequences(); }

  /// Elements that the batch would have if it were padded to its longest sequence.
  std::int64_t padded_tokens() const { return sequences() * max_length; }

  /// Whether there is a label that counts; a batch with -100 alone has no loss.
  bool has_loss() const {
    const auto* classes = labels.find<std::int64_t>("labels");
    if (classes == nullptr) return !labels.empty();
    return std::ranges::any_of(classes->to(cpu_device).span(), [](std::int64_t label) { return label != -100; });
  }

  /// The batch on `device`, with groups; itself if it is there. All of it reaches a GPU as one block in one copy that
  /// is not waited for, and this batch may be changed or freed at once.
  Batch to(Device device) const;
};

namespace detail {

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

/// `part` on the device of `moved`, a copy of `block`: a part of it if it is one of `block`, else a copy.
inline Tensor<std::int32_t> moved_part(const Tensor<std::int32_t>& part, const Tensor<std::int32_t>& block,
                                       const Tensor<std::int32_t>& moved, Device device) {
  if (!part.defined() || !block.defined()) return part.to(device);
  const std::less_equal<const std::int32_t*> not_after;
  const std::int32_t *begin = block.data(), *first = part.data();
  const bool inside = not_after(begin, first) && not_after(first + part.elements(), begin + block.elements());
  return inside ? moved.view(first - begin, part.shape()) : part.to(device);
}

}  // namespace detail

namespace detail {

/// Calls visit(tensor) for every tensor of a batch that is defined; what visit() makes of it takes its place.
template <class Visit> void each_tensor(Batch& batch, const Visit& visit) {
  const auto change = [&visit](auto& tensor) {
    if (tensor.defined()) tensor = visit(tensor);
  };
  for (auto* part : {&batch.input_ids, &batch.positions, &batch.sequence_ids, &batch.cu_seqlens, &batch.token_type_ids,
                     &batch.cu_windows})
    change(*part);
  for (RowGroups* groups : {&batch.id_groups, &batch.position_groups, &batch.token_type_groups}) {
    change(groups->rows);
    change(groups->begin);
    change(groups->ids);
  }
  batch.labels.transform([&visit](const auto& tensor) { return tensor.defined() ? visit(tensor) : tensor; });
}

/// Where each of several tensors lies in one block; call it for all of them in the same order every time.
struct BlockLayout {
  std::int64_t end = 0;  // in bytes

  template <class T> std::int64_t place(const Tensor<T>& tensor) {
    const auto bytes = tensor.elements() * static_cast<std::int64_t>(sizeof(T));
    constexpr auto step = static_cast<std::int64_t>(storage_alignment);
    return std::exchange(end, end + (bytes + step - 1) / step * step);
  }
};

/// Lays the tensors of `batch`, all on the CPU, into one block of a GPU.
inline void to_one_block(Batch& batch, Device device) {
  BlockLayout size, source, goal;
  each_tensor(batch, [&](const auto& part) { return size.place(part), part; });
  const Shape shape{size.end / static_cast<std::int64_t>(sizeof(std::int32_t))};
  const auto host = Tensor<std::int32_t>::pinned(shape);
  each_tensor(batch, [&]<class T>(const Tensor<T>& part) {
    host.view_as<T>(source.place(part), part.shape()).copy_from(part);
    return part;
  });
  batch.block = Tensor<std::int32_t>::empty(shape, device);
  batch.block.copy_from_async(host);
  each_tensor(batch,
              [&]<class T>(const Tensor<T>& part) { return batch.block.view_as<T>(goal.place(part), part.shape()); });
}

}  // namespace detail

inline Batch Batch::to(Device device) const {
  if (device == input_ids.device()) return *this;
  Batch moved = *this;
  moved.id_groups = groups_of(input_ids, id_groups);
  moved.position_groups = groups_of(positions, position_groups);
  if (token_type_ids.defined()) moved.token_type_groups = groups_of(token_type_ids, token_type_groups);
  bool on_cpu = true;
  detail::each_tensor(moved, [&](const auto& part) {
    on_cpu = on_cpu && part.device().type == DeviceType::cpu;
    return part;
  });
  if (on_cpu) {
    detail::to_one_block(moved, device);
    return moved;
  }
  moved.block = block.to(device);
  detail::each_tensor(moved, [&]<class T>(const Tensor<T>& part) {
    if constexpr (std::same_as<T, std::int32_t>) return detail::moved_part(part, block, moved.block, device);
    else return part.to(device);
  });
  return moved;
}

namespace detail {

/// input_ids, positions, sequence_ids and, if there are any, token types, each [N], then cu_seqlens [B + 1].
inline std::vector<std::int32_t> packed_columns(std::span<const std::vector<std::int32_t>> sequences,
                                                std::span<const std::vector<std::int32_t>> token_types,
                                                std::int64_t tokens) {
  std::vector<std::int32_t> all;
  all.reserve(static_cast<std::size_t>((token_types.empty() ? 3 : 4) * tokens) + sequences.size() + 1);
  for (const auto& ids : sequences) all.insert(all.end(), ids.begin(), ids.end());
  for (const auto& ids : sequences)
    for (std::size_t t = 0; t < ids.size(); ++t) all.push_back(static_cast<std::int32_t>(t));
  for (std::size_t b = 0; b < sequences.size(); ++b)
    all.insert(all.end(), sequences[b].size(), static_cast<std::int32_t>(b));
  for (const auto& types : token_types) all.insert(all.end(), types.begin(), types.end());
  std::int32_t row = 0;
  all.push_back(row);
  for (const auto& ids : sequences) all.push_back(row += static_cast<std::int32_t>(ids.size()));
  return all;
}

/// The batch of packed_columns() in one block, with its groups.
inline Batch batch_of_columns(const std::vector<std::int32_t>& columns, std::int64_t n, std::int64_t b,
                              bool with_types) {
  const auto column = [&](std::int64_t k) {
    return std::span(columns).subspan(static_cast<std::size_t>(k * n), static_cast<std::size_t>(n));
  };
  const SortedRows ids(column(0)), positions(column(1)), types(with_types ? column(3) : column(0).first(0));
  const auto end = static_cast<std::int64_t>(columns.size());
  const auto block =
      Tensor<std::int32_t>::empty({end + ids.elements() + positions.elements() + (with_types ? types.elements() : 0)});
  std::ranges::copy(columns, Tensor<std::int32_t>(block).data());
  const auto part = [&](std::int64_t k) { return block.view(k * n, Shape{n}); };
  Batch batch{.input_ids = part(0),
              .positions = part(1),
              .sequence_ids = part(2),
              .cu_seqlens = block.view((with_types ? 4 : 3) * n, Shape{b + 1})};
  batch.id_groups = ids.write_to(block, end);
  batch.position_groups = positions.write_to(block, end + ids.elements());
  if (with_types) {
    batch.token_type_ids = part(3);
    batch.token_type_groups = types.write_to(block, end + ids.elements() + positions.elements());
  }
  batch.block = block;
  return batch;
}

}  // namespace detail

/// Packs token ids of B sequences, with the token types of each if they are not all 0. Throws Error(shape) if a
/// sequence is empty or has another number of token types than of tokens.
inline Batch pack(std::span<const std::vector<std::int32_t>> sequences,
                  std::span<const std::vector<std::int32_t>> token_types = {}) {
  check(token_types.empty() || token_types.size() == sequences.size(), ErrorCode::shape,
        "pack: expected token types of each of the ", sequences.size(), " sequences, got those of ",
        token_types.size());
  std::int64_t tokens = 0, max_length = 0;
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    const auto length = static_cast<std::int64_t>(sequences[b].size());
    check(length > 0, ErrorCode::shape, "sequence ", b, " of the batch has no tokens");
    check(token_types.empty() || token_types[b].size() == sequences[b].size(), ErrorCode::shape, "pack, sequence ", b,
          ": expected as many token types as tokens, ", length, ", got ",
          token_types.empty() ? 0 : token_types[b].size());
    tokens += length;
    max_length = std::max(max_length, length);
  }
  check(tokens <= std::numeric_limits<std::int32_t>::max(), ErrorCode::shape, "a batch of ", tokens,
        " tokens; at most 2^31 - 1 fit");
  Batch batch = detail::batch_of_columns(detail::packed_columns(sequences, token_types, tokens), tokens,
                                         static_cast<std::int64_t>(sequences.size()), !token_types.empty());
  batch.max_length = max_length;
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
