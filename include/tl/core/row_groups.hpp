// RowGroups: the rows of a batch, grouped by the row of a table that they read, e.g. all tokens with the same id. A
// backward pass sums each group's gradients in the order of its rows, so a table row's sum is made by one thread, with
// the same bits for any number of threads and without atomic sums; the ids are the table rows that get a gradient.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <tl/core/tensor.hpp>

namespace tl {

/// N rows in G groups of equal id.
struct RowGroups {
  Tensor<std::int32_t> rows;   ///< [N], group after group, ascending in each
  Tensor<std::int32_t> begin;  ///< [G + 1], where each group begins in `rows`; the last entry is N
  Tensor<std::int32_t> ids;    ///< [G], ascending

  bool defined() const { return ids.defined(); }
  std::int64_t count() const { return ids.elements(); }

  /// Whether these are the groups of `of` [N]; both on the CPU.
  bool are_of(const Tensor<std::int32_t>& of) const;
};

namespace detail {

/// Ids with their rows, in the order of RowGroups.
class SortedRows {
 public:
  explicit SortedRows(std::span<const std::int32_t> ids) {
    keys_.reserve(ids.size());
    for (const std::int32_t id : ids) keys_.push_back(upper(id) | keys_.size());
    if (!std::ranges::is_sorted(keys_)) std::ranges::sort(keys_);
    for (std::size_t i = 0; i < keys_.size(); ++i) groups_ += i == 0 || id(i) != id(i - 1);
  }

  /// Elements that rows, begin and ids take.
  std::int64_t elements() const { return static_cast<std::int64_t>(keys_.size()) + 2 * groups_ + 1; }

  /// The groups, as parts of `block` from element `offset` on.
  RowGroups write_to(const Tensor<std::int32_t>& block, std::int64_t offset) const {
    const auto rows = static_cast<std::int64_t>(keys_.size());
    RowGroups groups{.rows = block.view(offset, Shape{rows}),
                     .begin = block.view(offset + rows, Shape{groups_ + 1}),
                     .ids = block.view(offset + rows + groups_ + 1, Shape{groups_})};
    std::int32_t *row = groups.rows.data(), *begin = groups.begin.data(), *ids = groups.ids.data();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      *row++ = static_cast<std::int32_t>(keys_[i] & 0xffffffffu);
      if (i > 0 && id(i) == id(i - 1)) continue;
      *ids++ = id(i);
      *begin++ = static_cast<std::int32_t>(i);
    }
    *begin = static_cast<std::int32_t>(keys_.size());
    return groups;
  }

 private:
  /// An id as the upper half of a key: the sign bit is turned over, so that negative ids come first.
  static constexpr std::uint32_t sign = 0x80000000u;
  static std::uint64_t upper(std::int32_t id) { return std::uint64_t{static_cast<std::uint32_t>(id) ^ sign} << 32; }
  std::int32_t id(std::size_t i) const {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(keys_[i] >> 32) ^ sign);
  }

  std::vector<std::uint64_t> keys_;
  std::int64_t groups_ = 0;
};

}  // namespace detail

/// The groups of `ids` [N], on their device.
inline RowGroups group_rows(const Tensor<std::int32_t>& ids) {
  const Tensor<std::int32_t> host = ids.to(cpu_device);
  const detail::SortedRows sorted(host.span());
  const auto block = Tensor<std::int32_t>::empty({sorted.elements()});
  const RowGroups groups = sorted.write_to(block, 0);
  const Device device = ids.device();
  return {groups.rows.to(device), groups.begin.to(device), groups.ids.to(device)};
}

/// The groups of `ids` [N]: `made`, if they are those, else new ones. A batch of a user's collator may have none, or
/// other ids than those it was packed with. On another device than the CPU `made` is not looked at.
inline RowGroups groups_of(const Tensor<std::int32_t>& ids, const RowGroups& made) {
  const bool usable =
      made.defined() && made.ids.device() == ids.device() && (ids.device().type != DeviceType::cpu || made.are_of(ids));
  return usable ? made : group_rows(ids);
}

inline bool RowGroups::are_of(const Tensor<std::int32_t>& of) const {
  if (!defined() || rows.elements() != of.elements() || begin.elements() != count() + 1) return false;
  const std::span<const std::int32_t> all = of.span(), row = rows.span(), first = begin.span(), id = ids.span();
  if (first.front() != 0 || first.back() != static_cast<std::int32_t>(all.size())) return false;
  for (std::size_t g = 0; g < id.size(); ++g) {
    if (first[g] >= first[g + 1] || first[g + 1] > first.back() || (g > 0 && id[g - 1] >= id[g])) return false;
    std::int32_t before = -1;
    for (auto i = static_cast<std::size_t>(first[g]); i < static_cast<std::size_t>(first[g + 1]); ++i) {
      if (row[i] <= before || row[i] >= first.back() || all[static_cast<std::size_t>(row[i])] != id[g]) return false;
      before = row[i];
    }
  }
  return true;
}

}  // namespace tl
