// The dropout masks of kernels/dropout_mask.hpp in kernels: the same bits as on the CPU. A Philox call decides eight
// neighbouring channels, so a lane draws for eight and a byte of kept bits goes to the lanes that want them by one
// shuffle; neighbouring lanes still work on neighbouring channels.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/reduce.cuh>
#include <tl/kernels/dropout_mask.hpp>

namespace tl::cuda {

/// A mask as kernels take it: what the host can compute is computed there, once. Without dropout all factors are 1 and
/// nothing is drawn.
template <class T> class DropoutFactors {
 public:
  explicit DropoutFactors(const kernels::DropoutMask& mask)
      : mask_(mask), threshold_(mask.threshold()), scale_(static_cast<T>(mask.scale())) {}

  /// With the number of the step, which may be in the GPU's memory: where a kernel begins.
  __device__ DropoutFactors resolved() const {
    DropoutFactors result = *this;
    result.mask_ = mask_.resolved();
    return result;
  }

  __host__ __device__ bool active() const { return threshold_ != 0; }

  /// Bit i is set if channel 8 `block` + i of these coordinates is kept.
  __device__ std::uint32_t kept_bits(std::uint32_t block, std::uint32_t position, std::uint32_t sequence) const {
    if (!active()) return 0xFFU;
    const auto words = philox(mask_.counter(block, position, sequence), mask_.key());
    std::uint32_t kept = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t word = words[static_cast<std::size_t>(i)];
      kept |= ((word & 0xFFFFU) >= threshold_ ? 1U : 0U) << (2 * i);
      kept |= ((word >> 16) >= threshold_ ? 2U : 0U) << (2 * i);
    }
    return kept;
  }

  /// The same for a row of the matrix that the mask belongs to.
  __device__ std::uint32_t kept_bits_of_row(std::int64_t row, std::int64_t block) const {
    if (!active()) return 0xFFU;
    return kept_bits(static_cast<std::uint32_t>(block), mask_.row_position(row), mask_.row_sequence(row));
  }

  /// The factor of channel `channel` (modulo 8) under these bits.
  __device__ T factor(std::uint32_t kept, int channel) const { return (kept >> (channel % 8)) & 1U ? scale_ : T(0); }

 private:
  kernels::DropoutMask mask_;
  std::uint32_t threshold_;
  T scale_;
};

/// Channels of a row that a warp draws for at once.
inline constexpr std::int64_t dropout_chunk = 8 * warp_size;

/// Calls body(channel, factor) for those channels of [begin, begin + dropout_chunk) of a row that are less than `d` and
/// equal to `lane` modulo 32. All lanes of the warp must call it, with the same row and begin, a multiple of the chunk.
template <class T, class Body>
__device__ void dropout_of_chunk(const DropoutFactors<T>& dropout, std::int64_t row, std::int64_t begin, std::int64_t d,
                                 int lane, const Body& body) {
  const std::uint32_t drawn = begin + 8 * lane < d ? dropout.kept_bits_of_row(row, begin / 8 + lane) : 0U;
  for (int turn = 0; turn < 8 && begin + warp_size * turn < d; ++turn) {
    const std::uint32_t kept = __shfl_sync(full_warp, drawn, 4 * turn + lane / 8);
    const std::int64_t channel = begin + warp_size * turn + lane;
    if (channel < d) body(channel, dropout.factor(kept, lane));
  }
}

/// The same for all channels of a row.
template <class T, class Body>
__device__ void dropout_of_row(const DropoutFactors<T>& dropout, std::int64_t row, std::int64_t d, int lane,
                               const Body& body) {
  for (std::int64_t begin = 0; begin < d; begin += dropout_chunk) dropout_of_chunk(dropout, row, begin, d, lane, body);
}

}  // namespace tl::cuda
