// Philox4x32-10: 128 random bits as a pure function of a counter and a key. No state, so the same value can be computed
// on any device, in any order and again in the backward pass.
// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
#pragma once

#include <array>
#include <cstdint>

namespace tl {

namespace detail {

/// One round: the counter's four words, changed in place, under a key of this round.
__attribute__((always_inline)) constexpr void philox_round(std::uint32_t& word0, std::uint32_t& word1,
                                                           std::uint32_t& word2, std::uint32_t& word3,
                                                           std::array<std::uint32_t, 2> key) {
  const std::uint64_t a = std::uint64_t{0xd2511f53u} * word0;
  const std::uint64_t b = std::uint64_t{0xcd9e8d57u} * word2;
  word0 = static_cast<std::uint32_t>(b >> 32) ^ word1 ^ key[0];
  word1 = static_cast<std::uint32_t>(b);
  word2 = static_cast<std::uint32_t>(a >> 32) ^ word3 ^ key[1];
  word3 = static_cast<std::uint32_t>(a);
}

inline constexpr int philox_rounds = 10;

/// The key of the next round.
constexpr std::array<std::uint32_t, 2> next_philox_key(std::array<std::uint32_t, 2> key) {
  return {key[0] + 0x9e3779b9u, key[1] + 0xbb67ae85u};
}

}  // namespace detail

/// Four random words for a counter under a key.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < detail::philox_rounds; ++round, key = detail::next_philox_key(key))
    detail::philox_round(counter[0], counter[1], counter[2], counter[3], key);
  return counter;
}

}  // namespace tl
