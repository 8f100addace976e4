#include "shadow.hpp"

#include "device_memory.hpp"

namespace tl::emulator {

Shadow::Shadow(std::uintptr_t begin, std::size_t bytes)
    : begin_(begin), cells_(static_cast<Cell*>(reserve(bytes / 4 * sizeof(Cell), true))) {}

void Shadow::split(Cell& cell) {
  const auto index = static_cast<std::uint32_t>(bytes_.size());
  std::array<Cell, 4> bytes;
  bytes.fill(cell);
  // Two cells must not share an entry of lanes, to which readers are added. One of an earlier interval may be gone.
  for (Cell& byte : bytes)
    if (byte.lanes >= lane_clocks_.size()) {
      byte.lanes = 0;
    } else if (byte.lanes != 0) {
      const std::uint32_t copy = new_lanes();
      lane_clocks_[copy] = lane_clocks_[byte.lanes];
      byte.lanes = copy;
    }
  bytes_.push_back(bytes);
  cell.split = index;
}

}  // namespace tl::emulator
