// Which elements dropout keeps, as a pure function of logical coordinates: the same mask on every device, for any
// thread count, tiling or packing, so that it is recomputed in the backward pass and never stored.
//
// One Philox4x32-10 call gives eight 16-bit numbers for eight neighbouring channels. Key: (seed, site). Counter:
// (channel / 8, position, sequence, step). An element is kept if its number is at least round(p * 65536), and kept
// elements are scaled by the inverse of the share that is really kept.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <tl/core/philox.hpp>

namespace tl::kernels {

/// Dropout of one place in a model ("site") in one training step. p = 0 keeps everything.
/// `sequence` and `position` give the logical coordinates of each row; without them row r is (r, 0).
struct DropoutMask {
  double p = 0.0;
  std::uint64_t seed = 0;
  std::uint32_t site = 0;
  std::uint64_t step = 0;
  const std::int32_t* sequence = nullptr;  // [rows]
  const std::int32_t* position = nullptr;  // [rows]
  /// If it is set, the number that `step` stands for is read there, in the memory of the device that computes: the same
  /// kernels with the same arguments then draw other masks in the next step.
  const std::uint64_t* step_memory = nullptr;

  constexpr bool active() const { return p > 0.0; }
  /// round(p * 65536), halves up.
  constexpr std::uint32_t threshold() const {
    const double scaled = p * 65536.0;
    const auto whole = static_cast<std::uint32_t>(scaled);
    return scaled - whole >= 0.5 ? whole + 1 : whole;
  }

  /// 1 / (share of elements that is kept); 0 if nothing is kept.
  constexpr float scale() const {
    const double kept = 65536.0 - threshold();
    return kept > 0 ? static_cast<float>(65536.0 / kept) : 0.0F;
  }

  constexpr std::uint64_t present_step() const { return step_memory ? *step_memory : step; }
  /// The same mask with its step as a number: where a kernel begins that draws often, so that it reads the memory once.
  constexpr DropoutMask resolved() const {
    DropoutMask mask = *this;
    mask.step = present_step();
    mask.step_memory = nullptr;
    return mask;
  }

  constexpr std::uint32_t row_sequence(std::int64_t row) const {
    return sequence ? static_cast<std::uint32_t>(sequence[row]) : static_cast<std::uint32_t>(row);
  }
  constexpr std::uint32_t row_position(std::int64_t row) const {
    return position ? static_cast<std::uint32_t>(position[row]) : 0U;
  }

  /// The key of all numbers of this mask.
  constexpr std::array<std::uint32_t, 2> key() const {
    const auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
    const auto late = static_cast<std::uint32_t>(present_step() >> 32);
    return {low ^ (high * 0x9E3779B9U), site ^ (late * 0x85EBCA6BU)};
  }

  /// The counter of channels [8 * block, 8 * block + 8) of one row.
  constexpr std::array<std::uint32_t, 4> counter(std::uint32_t block, std::uint32_t position_,
                                                 std::uint32_t sequence_) const {
    return {block, position_, sequence_, static_cast<std::uint32_t>(present_step())};
  }

  /// The eight 16-bit numbers of channels [8 * block, 8 * block + 8).
  constexpr std::array<std::uint16_t, 8> numbers(std::uint32_t block, std::uint32_t position_,
                                                 std::uint32_t sequence_) const {
    const auto words = philox(counter(block, position_, sequence_), key());
    std::array<std::uint16_t, 8> result{};
    for (std::size_t i = 0; i < 4; ++i) {
      result[2 * i] = static_cast<std::uint16_t>(words[i]);
      result[2 * i + 1] = static_cast<std::uint16_t>(words[i] >> 16);
    }
    return result;
  }

  /// Writes the factors of channels [0, width) of one row: 0 or `scale`.
  template <class T>
  constexpr void factors(std::uint32_t sequence_, std::uint32_t position_, std::int64_t width, T scale_, T* out) const {
    const std::uint32_t limit = threshold();
    for (std::int64_t first = 0; first < width; first += 8) {
      const auto drawn = numbers(static_cast<std::uint32_t>(first / 8), position_, sequence_);
      const std::int64_t count = std::min<std::int64_t>(8, width - first);
      for (std::int64_t i = 0; i < count; ++i)
        out[first + i] = drawn[static_cast<std::size_t>(i)] >= limit ? scale_ : T(0);
    }
  }
};

}  // namespace tl::kernels
