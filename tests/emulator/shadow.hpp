// What the checker remembers of each word of memory: who wrote it last, and who has read it since. The time of an
// access is an interval, a number that grows with each barrier of a block and never repeats, and within it the clock of
// the lane, which grows with each barrier of its warp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tl::emulator {

inline constexpr std::uint16_t nobody = 0xFFFF;

/// The memory of one word, or of one byte where threads share a word.
struct Cell {
  std::uint32_t write_interval = 0;  // 0: never
  std::uint32_t write_clock = 0;
  std::uint16_t writer = 0;
  bool atomic_write = false;
  std::uint32_t in_flight = 0;         // the first interval of the block whose cp.async writes it at an unknown time
  std::uint32_t read_interval = 0;     // the latest interval in which it was read
  std::uint32_t read_clock = 0;        // of `reader`
  std::uint16_t reader = 0;            // the first in that interval
  std::uint16_t other_reader = 0;      // one of another warp in the same interval, or nobody
  std::uint32_t lanes = 0;             // index of a LaneClocks if several lanes of the reader's warp have read; 0: none
  std::uint32_t foreign_interval = 0;  // an earlier read by another block
  std::uint16_t foreign_reader = 0;
  std::uint32_t split = 0;  // index of the cells of the bytes; 0: the word is one cell
};

/// When each lane of a warp read a word.
struct LaneClocks {
  std::uint32_t lanes = 0;  // a bit per lane
  std::array<std::uint32_t, 32> clock{};
};

/// The cells of a piece of memory.
class Shadow {
 public:
  Shadow(std::uintptr_t begin, std::size_t bytes);

  /// Calls visit(cell, first byte, bytes) for each cell of [address, address + bytes).
  template <class Visit> void for_each(std::uintptr_t address, std::size_t bytes, Visit visit) {
    const std::uintptr_t end = address + bytes;
    while (address < end) {
      const std::uintptr_t word = address & ~std::uintptr_t{3};
      Cell& cell = cells_[(word - begin_) / 4];
      if (address == word && end - word >= 4 && cell.split == 0) {
        visit(cell, word, 4U);
        address = word + 4;
        continue;
      }
      if (cell.split == 0) split(cell);
      for (; address < end && address < word + 4; ++address) visit(bytes_[cell.split][address - word], address, 1U);
    }
  }

  /// An entry for the readers of a word; valid until forget_lanes().
  std::uint32_t new_lanes() {
    lane_clocks_.emplace_back();
    return static_cast<std::uint32_t>(lane_clocks_.size() - 1);
  }
  LaneClocks& lanes(std::uint32_t index) { return lane_clocks_[index]; }
  void forget_lanes() { lane_clocks_.resize(1); }

 private:
  void split(Cell& cell);

  std::uintptr_t begin_;
  Cell* cells_;
  std::vector<std::array<Cell, 4>> bytes_{1};
  std::vector<LaneClocks> lane_clocks_{1};
};

}  // namespace tl::emulator
