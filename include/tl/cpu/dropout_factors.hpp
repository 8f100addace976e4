// The factors of kernels/dropout_mask.hpp for one row, sixteen Philox counters at a time: the same integers and so the
// same mask, several times faster. Assumes a little-endian machine, as the whole library does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <tl/cpu/vector_loops.hpp>
#include <tl/kernels/dropout_mask.hpp>

namespace tl::cpu {

namespace detail {

/// Philox4x32-10 of `vector_lanes` counters that differ in their first word alone: lane i counts first_block + i.
/// words[w][i] is word w of lane i.
TL_INLINE inline void philox_lanes(std::uint32_t first_block, const std::array<std::uint32_t, 3>& rest,
                                   std::array<std::uint32_t, 2> key, std::uint32_t (&words)[4][vector_lanes]) {
  for (std::uint32_t lane = 0; lane < vector_lanes; ++lane) {
    words[0][lane] = first_block + lane;
    words[1][lane] = rest[0];
    words[2][lane] = rest[1];
    words[3][lane] = rest[2];
  }
  for (int round = 0; round < 10; ++round) {
    TL_INDEPENDENT_ITERATIONS
    for (std::int64_t lane = 0; lane < vector_lanes; ++lane) {
      const std::uint32_t x = words[0][lane], y = words[2][lane];
      const auto high_x = static_cast<std::uint32_t>((std::uint64_t{0xd2511f53U} * x) >> 32);
      const auto high_y = static_cast<std::uint32_t>((std::uint64_t{0xcd9e8d57U} * y) >> 32);
      words[0][lane] = high_y ^ words[1][lane] ^ key[0];
      words[1][lane] = 0xcd9e8d57U * y;
      words[2][lane] = high_x ^ words[3][lane] ^ key[1];
      words[3][lane] = 0xd2511f53U * x;
    }
    key[0] += 0x9e3779b9U;
    key[1] += 0xbb67ae85U;
  }
}

}  // namespace detail

/// mask.factors(sequence, position, width, scale, out): out[c] is 0 or `scale` for channels c in [0, width). One
/// function for all kernels, which choose the instruction set again by calling it: it is long, and they call it once a
/// row.
template <class T>
void dropout_factors(const kernels::DropoutMask& mask, std::uint32_t sequence, std::uint32_t position,
                     std::int64_t width, T scale, T* out, CpuIsa isa = cpu_isa()) {
  constexpr std::int64_t piece = 8 * vector_lanes;  // channels of sixteen counters
  const auto low = static_cast<std::uint32_t>(mask.seed), high = static_cast<std::uint32_t>(mask.seed >> 32);
  const auto early = static_cast<std::uint32_t>(mask.step), late = static_cast<std::uint32_t>(mask.step >> 32);
  const std::array<std::uint32_t, 2> key{low ^ (high * 0x9E3779B9U), mask.site ^ (late * 0x85EBCA6BU)};
  const std::uint32_t limit = mask.threshold();
  with_vectors<T>(
      [=]() TL_INLINE {
        std::uint32_t words[4][vector_lanes], in_order[4 * vector_lanes];
        std::uint16_t numbers[piece];
        for (std::int64_t first = 0; first < width; first += piece) {
          detail::philox_lanes(static_cast<std::uint32_t>(first / 8), {position, sequence, early}, key, words);
          for (std::int64_t lane = 0; lane < vector_lanes; ++lane)
            for (std::int64_t word = 0; word < 4; ++word) in_order[4 * lane + word] = words[word][lane];
          std::memcpy(numbers, in_order, sizeof numbers);
          vector_loop(std::min(piece, width - first), [=, to = out + first, drawn = numbers](std::int64_t i)
                                                          TL_INLINE { to[i] = drawn[i] >= limit ? scale : T(0); });
        }
      },
      isa);
}

/// The factors of row `row` of `mask`: 0 or mask.scale().
template <class T>
void dropout_factors(const kernels::DropoutMask& mask, std::int64_t row, std::int64_t width, T* out) {
  dropout_factors(mask, mask.row_sequence(row), mask.row_position(row), width, static_cast<T>(mask.scale()), out);
}

}  // namespace tl::cpu
