// A double-array trie from byte strings to non-negative integers: one 12-byte unit per step, found by an addition, so
// the longest key that starts a text costs one load per byte and no hashing. Built once, then immutable.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/sort.hpp>

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
    keys = stable_sorted(std::move(keys), [](const Key& a, const Key& b) { return a.text < b.text; });
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

  /// Every node is below this number.
  std::size_t node_limit() const { return units_.size(); }

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
  // A place not yet used has no parent; its base and value are the places before and after it in the list of these.
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

/// The longest of some patterns at every position of a text, in linear time whatever they are: the automaton of Aho and
/// Corasick over the reversed patterns reads the text from its end.
class LongestAtEach {
 public:
  LongestAtEach() = default;

  explicit LongestAtEach(const std::vector<std::string>& patterns) {
    std::vector<std::string> reversed;
    for (const std::string& pattern : patterns) reversed.emplace_back(pattern.rbegin(), pattern.rend());
    std::vector<Trie::Key> keys;
    std::vector<std::size_t> open;  // patterns that go on at this depth
    for (std::size_t i = 0; i < reversed.size(); ++i) {
      if (reversed[i].empty()) continue;
      keys.push_back({reversed[i], static_cast<std::int32_t>(i)});
      open.push_back(i);
    }
    trie_ = Trie(std::move(keys));
    nodes_.assign(trie_.node_limit(), {});
    std::vector<std::int32_t> at(reversed.size(), Trie::root);
    for (std::size_t depth = 0; !open.empty(); ++depth) {
      std::size_t left = 0;
      for (const std::size_t i : open) {
        at[i] = link(at[i], static_cast<unsigned char>(reversed[i][depth]));
        if (depth + 1 < reversed[i].size()) open[left++] = i;
      }
      open.resize(left);
    }
  }

  /// For every byte of `text` the index of the longest pattern that begins there, or Trie::none.
  std::vector<std::int32_t> operator()(std::string_view text) const {
    std::vector<std::int32_t> out(text.size());
    std::int32_t node = Trie::root;
    for (std::size_t i = text.size(); i-- > 0;) {
      node = next(node, static_cast<unsigned char>(text[i]));
      out[i] = nodes_[static_cast<std::size_t>(node)].pattern;
    }
    return out;
  }

 private:
  struct Node {
    std::int32_t shorter = Trie::none;  // the node of the longest proper suffix that is one; none: not linked yet
    std::int32_t pattern = Trie::none;  // the longest one that ends here
  };

  std::int32_t next(std::int32_t node, unsigned char byte) const {
    for (;;) {
      const std::int32_t child = trie_.step(node, byte);
      if (child != Trie::none) return child;
      if (node == Trie::root) return node;
      node = nodes_[static_cast<std::size_t>(node)].shorter;
    }
  }

  // The child of a node, whose own suffix is known because all nodes of lower depth are linked.
  std::int32_t link(std::int32_t parent, unsigned char byte) {
    const std::int32_t child = trie_.step(parent, byte);
    Node& node = nodes_[static_cast<std::size_t>(child)];
    if (node.shorter != Trie::none) return child;
    node.shorter = parent == Trie::root ? Trie::root : next(nodes_[static_cast<std::size_t>(parent)].shorter, byte);
    node.pattern = trie_.value(child);
    if (node.pattern == Trie::none) node.pattern = nodes_[static_cast<std::size_t>(node.shorter)].pattern;
    return child;
  }

  Trie trie_;
  std::vector<Node> nodes_;
};

}  // namespace tl::detail::text
