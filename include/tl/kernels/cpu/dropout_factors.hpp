// The factors of kernels/dropout_mask.hpp for one row, sixteen Philox counters at a time: the same integers and so the
// same mask, several times faster. Assumes a little-endian machine, as the whole library does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/dropout_mask.hpp>

namespace tl::cpu {

namespace detail {

/// Philox4x32-10 of `vector_lanes` counters in place: words[w][i] is word w of lane i.
TL_INLINE inline void philox_lanes(std::array<std::uint32_t, 2> key, std::uint32_t (&words)[4][vector_lanes]) {
  for (int round = 0; round < tl::detail::philox_rounds; ++round, key = tl::detail::next_philox_key(key)) {
    TL_INDEPENDENT_ITERATIONS
    for (std::int64_t lane = 0; lane < vector_lanes; ++lane)
      tl::detail::philox_round(words[0][lane], words[1][lane], words[2][lane], words[3][lane], key);
  }
}

}  // namespace detail

/// Channels that dropout_factors() draws at once: those of a counter in each lane.
inline constexpr std::int64_t dropout_piece = 8 * vector_lanes;

/// mask.factors(sequence, p, width, scale, out + r * width) for the `rows` positions p = position + r: out is 0 or
/// `scale`. Several rows must be whole counters, width % 8 == 0, and fit into a piece. One function for all kernels,
/// which choose the instruction set again by calling it: it is long, and they call it once a row.
template <class T>
void dropout_factors(const kernels::DropoutMask& mask, std::uint32_t sequence, std::uint32_t position,
                     std::int64_t rows, std::int64_t width, T scale, T* out, CpuIsa isa = cpu_isa()) {
  const std::array<std::uint32_t, 2> key = mask.key();
  const std::array<std::uint32_t, 4> first_counter = mask.counter(0, position, sequence);
  const std::uint32_t limit = mask.threshold();
  with_vectors<T>(
      [=]() TL_INLINE {
        std::uint32_t words[4][vector_lanes], in_order[4 * vector_lanes];
        std::uint16_t numbers[dropout_piece];
        for (std::int64_t first = 0; first < rows * width; first += dropout_piece) {
          for (std::uint32_t lane = 0; lane < vector_lanes; ++lane) {
            for (std::size_t word = 0; word < 4; ++word) words[word][lane] = first_counter[word];
            words[0][lane] += static_cast<std::uint32_t>(first / 8) + lane;
          }
          const auto blocks = static_cast<std::uint32_t>(width / 8);  // of a row
          for (std::uint32_t lane = blocks; rows > 1 && lane < vector_lanes; ++lane) {
            words[0][lane] = words[0][lane - blocks];
            words[1][lane] = words[1][lane - blocks] + 1;
          }
          detail::philox_lanes(key, words);
          for (std::int64_t lane = 0; lane < vector_lanes; ++lane)
            for (std::int64_t word = 0; word < 4; ++word) in_order[4 * lane + word] = words[word][lane];
          std::memcpy(numbers, in_order, sizeof numbers);
          vector_loop(std::min(dropout_piece, rows * width - first),
                      [=, to = out + first, drawn = numbers](std::int64_t i)
                          TL_INLINE { to[i] = drawn[i] >= limit ? scale : T(0); });
        }
      },
      isa);
}

/// The factors of row `row` of `mask`: 0 or mask.scale().
template <class T>
void dropout_factors(const kernels::DropoutMask& mask, std::int64_t row, std::int64_t width, T* out) {
  dropout_factors(mask, mask.row_sequence(row), mask.row_position(row), 1, width, static_cast<T>(mask.scale()), out);
}

}  // namespace tl::cpu
