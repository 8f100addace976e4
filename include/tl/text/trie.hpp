// A double-array trie from byte strings to non-negative integers: one 12-byte unit per step, found by an addition, so
// the longest key that starts a text costs one load per byte and no hashing. Built once, then immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
    units_[root].parent = root;
    unlink(root);
    place(keys);
    before_ = after_ = {};
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
  struct Unit {
    std::int32_t base = 0;
    std::int32_t parent = none;
    std::int32_t value = none;
  };
  struct Range {
    std::int32_t node;
    std::size_t begin, end, depth;
  };

  void place(const std::vector<Key>& keys) {
    std::vector<Range> pending{{root, 0, keys.size(), 0}};
    std::vector<unsigned char> bytes;
    std::vector<std::size_t> bounds;
    while (!pending.empty()) {
      Range range = pending.back();
      pending.pop_back();
      while (range.begin < range.end && keys[range.begin].text.size() == range.depth) {
        auto& slot = units_[static_cast<std::size_t>(range.node)].value;
        if (slot == none) slot = keys[range.begin].value;
        ++range.begin;
      }
      bytes.clear();
      bounds.clear();
      for (std::size_t i = range.begin; i < range.end; ++i) {
        const auto byte = static_cast<unsigned char>(keys[i].text[range.depth]);
        if (bytes.empty() || bytes.back() != byte) {
          bytes.push_back(byte);
          bounds.push_back(i);
        }
      }
      if (bytes.empty()) continue;
      bounds.push_back(range.end);
      const std::int32_t base = find_base(bytes);
      units_[static_cast<std::size_t>(range.node)].base = base;
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::int32_t child = base + bytes[i];
        unlink(child);
        units_[static_cast<std::size_t>(child)].parent = range.node;
        last_used_ = std::max(last_used_, child);
        pending.push_back({child, bounds[i], bounds[i + 1], range.depth + 1});
      }
    }
  }

  // A base >= 0 such that base + byte is free for every byte. After a few tries it takes fresh ground at the end:
  // that bounds the building time and wastes little.
  std::int32_t find_base(const std::vector<unsigned char>& bytes) {
    int tries = 0;
    for (std::int32_t slot = first_free_; slot != none && tries < 64; slot = after_[static_cast<std::size_t>(slot)]) {
      const std::int32_t base = slot - bytes.front();
      if (base < 0) continue;
      ++tries;
      if (static_cast<std::size_t>(base) + 256 >= units_.size()) grow(units_.size() * 2);
      bool fits = true;
      for (std::size_t i = 1; fits && i < bytes.size(); ++i)
        fits = units_[static_cast<std::size_t>(base + bytes[i])].parent == none;
      if (fits) return base;
    }
    const std::int32_t base = last_used_ + 1;
    if (static_cast<std::size_t>(base) + 256 >= units_.size()) grow(units_.size() * 2);
    return base;
  }

  void grow(std::size_t size) {
    const auto old = static_cast<std::int32_t>(units_.size());
    const auto now = static_cast<std::int32_t>(size);
    units_.resize(size);
    before_.resize(size);
    after_.resize(size);
    for (std::int32_t i = old; i < now; ++i) {
      before_[static_cast<std::size_t>(i)] = i - 1;
      after_[static_cast<std::size_t>(i)] = i + 1;
    }
    before_[static_cast<std::size_t>(old)] = last_free_;
    after_[static_cast<std::size_t>(now - 1)] = none;
    if (last_free_ != none) after_[static_cast<std::size_t>(last_free_)] = old;
    if (first_free_ == none) first_free_ = old;
    last_free_ = now - 1;
  }

  void unlink(std::int32_t slot) {
    const std::int32_t before = before_[static_cast<std::size_t>(slot)], after = after_[static_cast<std::size_t>(slot)];
    if (before != none) after_[static_cast<std::size_t>(before)] = after;
    else first_free_ = after;
    if (after != none) before_[static_cast<std::size_t>(after)] = before;
    else last_free_ = before;
  }

  std::vector<Unit> units_;
  std::vector<std::int32_t> before_, after_;  // places not yet used, as a list in both directions: taking one is O(1)
  std::int32_t first_free_ = none, last_free_ = none, last_used_ = 0;
};

}  // namespace tl::detail::text
