// A double-array trie from byte strings to non-negative integers: one 12-byte unit per step, found by an addition, so
// the longest key that starts a text costs one load per byte and no hashing. Built once, then immutable.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tl/core/order.hpp>

namespace tl::detail::text {

class Trie {
 public:
  static constexpr std::int32_t root = 0;
  static constexpr std::int32_t none = -1;

  struct Key {
    std::string_view text;
    std::int32_t value;
  };
  struct Match {
    std::size_t length;
    std::int32_t value;  // none if no key matches
  };

  Trie() : Trie(std::vector<Key>{}) {}

  /// Of equal keys the first one in the list counts. The texts need not outlive the call.
  explicit Trie(std::vector<Key> keys) {
    stable_sort_by(keys, [](const Key& a, const Key& b) { return a.text < b.text; });
    grow(1024);
    take(root, root);
    place(keys);
    units_.resize(static_cast<std::size_t>(last_used_) + 257);
  }

  /// The node reached from `node` by one byte, or none.
  std::int32_t step(std::int32_t node, unsigned char byte) const {
    const std::int32_t next = units_[static_cast<std::size_t>(node)].base + byte;
    return units_[static_cast<std::size_t>(next)].parent == node && next != root ? next : none;
  }

  /// The node reached from the root by a whole text, or none.
  std::int32_t find(std::string_view text) const {
    std::int32_t node = root;
    for (std::size_t i = 0; i < text.size() && node != none; ++i)
      node = step(node, static_cast<unsigned char>(text[i]));
    return node;
  }

  /// The value of the key that ends at a node, or none.
  std::int32_t value(std::int32_t node) const { return units_[static_cast<std::size_t>(node)].value; }

  /// The value of a key, or none.
  std::int32_t at(std::string_view text) const {
    const std::int32_t node = find(text);
    return node == none ? none : value(node);
  }

  /// The longest non-empty key suffix below `node` that starts `text`.
  Match longest(std::string_view text, std::int32_t node = root) const {
    Match best{0, none};
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = step(node, static_cast<unsigned char>(text[i]));
      if (node == none) break;
      if (value(node) != none) best = {i + 1, value(node)};
    }
    return best;
  }

 private:
  // A place not yet used has no parent; its base and value are the places before and behind it in the list of these.
  struct Unit {
    std::int32_t base = 0;
    std::int32_t parent = none;
    std::int32_t value = none;
  };
  struct Range {
    std::int32_t node;
    std::size_t begin, end, depth;
  };

  Unit& unit(std::int32_t at) { return units_[static_cast<std::size_t>(at)]; }

  void place(const std::vector<Key>& keys) {
    std::vector<Range> pending{{root, 0, keys.size(), 0}};
    std::array<unsigned char, 256> bytes;
    std::array<std::size_t, 257> bounds;
    while (!pending.empty()) {
      Range range = pending.back();
      pending.pop_back();
      while (range.begin < range.end && keys[range.begin].text.size() == range.depth) {
        auto& slot = unit(range.node).value;
        if (slot == none) slot = keys[range.begin].value;
        ++range.begin;
      }
      std::size_t count = 0;
      for (std::size_t i = range.begin; i < range.end; ++i) {
        const auto byte = static_cast<unsigned char>(keys[i].text[range.depth]);
        if (count > 0 && bytes[count - 1] == byte) continue;
        bytes[count] = byte;
        bounds[count++] = i;
      }
      if (count == 0) continue;
      bounds[count] = range.end;
      const std::int32_t base = find_base({bytes.data(), count});
      unit(range.node).base = base;
      for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t child = base + bytes[i];
        take(child, range.node);
        last_used_ = std::max(last_used_, child);
        pending.push_back({child, bounds[i], bounds[i + 1], range.depth + 1});
      }
    }
  }

  // A base >= 0 such that base + byte is free for every byte. After a few tries it takes fresh ground at the end:
  // that bounds the building time and wastes little.
  std::int32_t find_base(std::span<const unsigned char> bytes) {
    const std::int32_t fresh = last_used_ + 1;
    if (static_cast<std::size_t>(fresh) + 256 > units_.size()) grow(units_.size() * 2);
    int tries = 0;
    for (std::int32_t slot = first_free_; tries < 64; slot = unit(slot).value) {  // in ascending order
      const std::int32_t base = slot - bytes.front();
      if (base < 0) continue;
      if (base >= fresh) break;
      ++tries;
      bool fits = true;
      for (std::size_t i = 1; fits && i < bytes.size(); ++i) fits = unit(base + bytes[i]).parent == none;
      if (fits) return base;
    }
    return fresh;
  }

  void grow(std::size_t size) {
    const auto old = static_cast<std::int32_t>(units_.size()), last = static_cast<std::int32_t>(size) - 1;
    units_.resize(size);
    for (std::int32_t i = old; i <= last; ++i) unit(i) = {i - 1, none, i + 1};
    unit(old).base = last_free_;
    unit(last).value = none;
    (last_free_ == none ? first_free_ : unit(last_free_).value) = old;
    last_free_ = last;
  }

  // Makes a free place a child of `parent`: O(1) since the list goes in both directions.
  void take(std::int32_t slot, std::int32_t parent) {
    const auto [before, unused, after] = unit(slot);
    (before == none ? first_free_ : unit(before).value) = after;
    (after == none ? last_free_ : unit(after).base) = before;
    unit(slot) = {0, parent, none};
  }

  std::vector<Unit> units_;
  std::int32_t first_free_ = none, last_free_ = none, last_used_ = 0;
};

}  // namespace tl::detail::text
