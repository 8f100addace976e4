// Dropout masks for the tests of kernels on the GPU: with the coordinates of rows and without, with the number of the
// step as a number and in memory.
#pragma once

#include <cstdint>
#include <vector>

#include <tl/kernels/dropout_mask.hpp>

#include "compare_with_cpu.hpp"

namespace tl::test {

/// A mask whose arrays are in a case.
struct MaskCase {
  double p = 0.0;
  Slot<std::int32_t> sequence{}, position{};
  Slot<std::int64_t> step{};

  template <class T> kernels::DropoutMask at(CaseMemory<T>& memory) const {
    return {.p = p,
            .seed = 0x123456789abcdefU,
            .site = 7,
            .step = 0x1ffffffffU,
            .sequence = memory[sequence],
            .position = memory[position],
            .step_memory = reinterpret_cast<const std::uint64_t*>(memory[step])};
  }
};

/// The masks that a kernel over `rows` rows is tested with. All but the first drop.
inline std::vector<MaskCase> mask_cases(KernelCase& c, std::int64_t rows) {
  std::vector<std::int32_t> sequences, positions;
  for (std::int32_t row = 0; row < rows; ++row) {
    sequences.push_back(row / 5);
    positions.push_back(row % 5);
  }
  const auto sequence = c.fixed_input<std::int32_t>({rows}, sequences);
  const auto position = c.fixed_input<std::int32_t>({rows}, positions);
  const auto step = c.fixed_input<std::int64_t>({1}, {(std::int64_t{3} << 32) + 12345});
  return {{.p = 0.0},
          {.p = 0.1, .sequence = sequence, .position = position},
          {.p = 0.5, .sequence = sequence, .position = position, .step = step},
          {.p = 0.3},
          {.p = 1.0, .sequence = sequence, .position = position}};
}

/// Without dropout, and one of those with it: `turn` chooses.
inline std::vector<MaskCase> two_masks(KernelCase& c, std::int64_t rows, std::size_t turn) {
  const std::vector<MaskCase> all = mask_cases(c, rows);
  return {all[0], all[1 + turn % (all.size() - 1)]};
}

}  // namespace tl::test
