// numpy.random.default_rng: SeedSequence, PCG64 (XSL-RR 128/64) and permutation, bit for bit. The Python stack shuffles
// and splits data sets with it.
// Source: O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

/// Spreads a seed over as many well mixed words as a generator needs; numpy.random.SeedSequence(seed).
class SeedSequence {
 public:
  explicit constexpr SeedSequence(std::uint64_t seed) {
    const std::array<std::uint32_t, 4> entropy = {static_cast<std::uint32_t>(seed),
                                                  static_cast<std::uint32_t>(seed >> 32), 0, 0};
    std::uint32_t constant = 0x43b0d7e5u;
    const auto hash = [&constant](std::uint32_t value) {
      value ^= constant;
      constant *= 0x931e8875u;
      value *= constant;
      return value ^ (value >> 16);
    };
    for (std::size_t i = 0; i < 4; ++i) pool_[i] = hash(entropy[i]);
    for (std::size_t source = 0; source < 4; ++source) {
      for (std::size_t target = 0; target < 4; ++target) {
        if (source == target) continue;
        const std::uint32_t mixed = 0xca01f9ddu * pool_[target] - 0x4973f715u * hash(pool_[source]);
        pool_[target] = mixed ^ (mixed >> 16);
      }
    }
  }

  /// generate_state(Count, np.uint64).
  template <std::size_t Count> constexpr std::array<std::uint64_t, Count> generate() const {
    std::array<std::uint64_t, Count> state{};
    std::uint32_t constant = 0x8b51f9ddu;
    for (std::size_t i = 0; i < 2 * Count; ++i) {
      std::uint32_t value = pool_[i % 4] ^ constant;
      constant *= 0x58f38dedu;
      value *= constant;
      value ^= value >> 16;
      state[i / 2] |= static_cast<std::uint64_t>(value) << (32 * (i % 2));
    }
    return state;
  }

 private:
  std::array<std::uint32_t, 4> pool_{};
};

/// numpy.random.default_rng(seed).
class Pcg64 {
 public:
  explicit constexpr Pcg64(std::uint64_t seed) {
    const auto words = SeedSequence(seed).generate<4>();
    increment_ = (((static_cast<uint128>(words[2]) << 64) | words[3]) << 1) | 1u;
    step();
    state_ += (static_cast<uint128>(words[0]) << 64) | words[1];
    step();
  }

  constexpr std::uint64_t next_u64() {
    step();
    const std::uint64_t folded = static_cast<std::uint64_t>(state_ >> 64) ^ static_cast<std::uint64_t>(state_);
    const auto rotation = static_cast<int>(state_ >> 122);
    return (folded >> rotation) | (folded << ((64 - rotation) & 63));
  }

  /// The low half of a 64-bit draw; the high half is kept for the next call.
  constexpr std::uint32_t next_u32() {
    if (high_half_) return *std::exchange(high_half_, std::nullopt);
    const std::uint64_t both = next_u64();
    high_half_ = static_cast<std::uint32_t>(both >> 32);
    return static_cast<std::uint32_t>(both);
  }

  /// A uniform integer in [0, maximum], by rejection under the smallest mask that covers it.
  constexpr std::uint64_t interval(std::uint64_t maximum) {
    if (maximum == 0) return 0;
    std::uint64_t mask = maximum;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    for (;;) {
      const std::uint64_t value = (maximum <= 0xffffffffu ? next_u32() : next_u64()) & mask;
      if (value <= maximum) return value;
    }
  }

  /// A random order of 0 .. n-1; Generator.permutation(n). Throws invalid_argument for n < 0.
  std::vector<std::int64_t> permutation(std::int64_t n) {
    check(n >= 0, ErrorCode::invalid_argument, "permutation: expected n >= 0, got ", n);
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[interval(i)]);
    return order;
  }

 private:
  __extension__ using uint128 = unsigned __int128;

  constexpr void step() {
    constexpr uint128 multiplier = (static_cast<uint128>(0x2360ed051fc65da4u) << 64) | 0x4385df649fccf645u;
    state_ = state_ * multiplier + increment_;
  }

  uint128 state_ = 0;
  uint128 increment_ = 0;
  std::optional<std::uint32_t> high_half_;
};

}  // namespace tl
