// What attention on tensor cores is made of, for heads of 32 and 64 channels in bfloat16 or half. A block of four warps
// has 64 rows of one head of one sequence, each warp 16 of them, and walks over the other side in tiles of 64 rows,
// which are copied to shared memory while the ones before are computed with. What mma.sync leaves of the product of two
// sides is what it takes for the product with a third one, once it is rounded, so weights stay in registers: a lane has
// those of its rows lane / 4 and lane / 4 + 8 and of the columns 2 (lane % 4) and the next of each block of eight. Sums
// are float. For fragments and their lanes see ptx.cuh.
#pragma once

#include <cstdint>
#include <type_traits>

#include <tl/kernels/cuda/attention_tile.cuh>
#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/ptx.cuh>
#include <tl/kernels/cuda/runtime.cuh>

namespace tl::cuda {

inline constexpr int tensor_tile = 64;                 // rows of a block, and of a turn on the other side
inline constexpr int tensor_rows = 16;                 // of a warp
inline constexpr int tensor_blocks = tensor_tile / 8;  // of eight columns
inline constexpr int elements_of_chunk = 8;            // that one copy moves
static_assert(attention_warps * tensor_rows == tensor_tile);

/// Sixteen bytes of a row.
struct alignas(16) Chunk {
  std::uint16_t elements[elements_of_chunk];
};

/// Rows of a head in shared memory, a chunk longer than they are: the eight rows that a matrix is loaded from then lie
/// in different banks.
template <int width> inline constexpr int tensor_pitch = width / elements_of_chunk + 1;
template <int width> inline constexpr int chunks_of_tile = tensor_tile* tensor_pitch<width>;

/// Weights between 16 rows and 64 columns, and sums of 16 rows, as a lane has them.
using TileWeights = float[tensor_blocks][4];
template <int width> using RowSums = float[width / 8][4];

inline __device__ int lane_of_tile() { return static_cast<int>(threadIdx.x) % warp_size; }
inline __device__ int row_of_tile() { return static_cast<int>(threadIdx.x) / warp_size * tensor_rows; }

/// Rows of a head that kernels copy from or write to.
template <class Element> struct TensorRows {
  Element* rows;
  std::int64_t stride, count;
};

/// An element of 16 bits, constant if T is.
template <class T> using BitsOf = std::conditional_t<std::is_const_v<T>, const std::uint16_t, std::uint16_t>;

/// The rows of a head, whose first one is row `first` of the matrix.
template <class T>
__device__ TensorRows<BitsOf<T>> tensor_rows_of(const Stored<T>& matrix, std::int64_t first, std::int64_t stride,
                                                std::int64_t column, std::int64_t count) {
  return {static_cast<BitsOf<T>*>(matrix.memory) + first * stride + column, stride, count};
}

/// Starts to copy 64 rows from `first` on, zeros where there are none; by all threads of a block.
template <int width>
__device__ void start_tile(const TensorRows<const std::uint16_t>& from, std::int64_t first, Chunk* tile) {
  constexpr int chunks = width / elements_of_chunk;
  for (int i = static_cast<int>(threadIdx.x); i < tensor_tile * chunks; i += attention_threads) {
    const int row = i / chunks, chunk = i % chunks;
    const bool there = first + row < from.count;
    ptx::start_copy(tile + row * tensor_pitch<width> + chunk,
                    from.rows + (there ? (first + row) * from.stride + chunk * elements_of_chunk : 0), there ? 16 : 0);
  }
}

/// Two sides in shared memory, each with two tiles: one that is computed with, and the next one on its way.
template <int width> struct TensorStages {
  Chunk *first, *second;  // [2][chunks_of_tile]

  /// Starts to copy the tiles of both sides from row `row` on, if there are such rows.
  __device__ void start(const TensorRows<const std::uint16_t>& a, const TensorRows<const std::uint16_t>& b,
                        std::int64_t row) const {
    if (row < a.count) {
      start_tile<width>(a, row, first_of(row));
      start_tile<width>(b, row, second_of(row));
    }
    ptx::commit_copies();
  }
  __device__ Chunk* first_of(std::int64_t row) const { return first + row / tensor_tile % 2 * chunks_of_tile<width>; }
  __device__ Chunk* second_of(std::int64_t row) const { return second + row / tensor_tile % 2 * chunks_of_tile<width>; }
};

/// The 16 rows of the calling warp as the first operand of products.
template <int width> struct RowFragments {
  unsigned registers[width / 16][4];

  __device__ void load(const Chunk* tile) {
    const Chunk* const row = tile + (row_of_tile() + lane_of_tile() % 16) * tensor_pitch<width> + lane_of_tile() / 16;
    for (int k = 0; k < width / 16; ++k) ptx::load_matrices(registers[k], row + 2 * k);
  }
};

template <class Low> __device__ void multiply_add(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  const unsigned b[2] = {b0, b1};
  if constexpr (std::is_same_v<Low, bfloat16>) ptx::multiply_bf16(c, a, b);
  else ptx::multiply_f16(c, a, b);
}

/// products = the warp's rows times the rows of a tile.
template <class Low, int width>
__device__ void multiply_rows(const RowFragments<width>& rows, const Chunk* tile, TileWeights& products) {
  const int matrix = lane_of_tile() / 8;
  for (int block = 0; block < tensor_blocks; block += 2) {
    for (int i = 0; i < 4; ++i) products[block][i] = products[block + 1][i] = 0.0F;
    const Chunk* const others =
        tile + ((block + matrix / 2) * 8 + lane_of_tile() % 8) * tensor_pitch<width> + matrix % 2;
    for (int k = 0; k < width / 16; ++k) {
      unsigned columns[4];
      ptx::load_matrices(columns, others + 2 * k);
      multiply_add<Low>(products[block], rows.registers[k], columns[0], columns[1]);
      multiply_add<Low>(products[block + 1], rows.registers[k], columns[2], columns[3]);
    }
  }
}

/// Two floats, rounded, as a register of a fragment: the first one in the low half.
template <class Low> __device__ unsigned packed(float first, float second) {
  Low low, high;
  convert_float(first, low);
  convert_float(second, high);
  return low.bits | static_cast<unsigned>(high.bits) << 16;
}

/// sums += weights, rounded, times the rows of a tile.
template <class Low, int width>
__device__ void add_weighted_tile(const TileWeights& weights, const Chunk* tile, RowSums<width>& sums) {
  const int matrix = lane_of_tile() / 8;
  for (int block = 0; block < tensor_blocks; block += 2) {
    const float *const left = weights[block], *const right = weights[block + 1];
    const unsigned rounded[4] = {packed<Low>(left[0], left[1]), packed<Low>(left[2], left[3]),
                                 packed<Low>(right[0], right[1]), packed<Low>(right[2], right[3])};
    const Chunk* const rows = tile + ((block + matrix % 2) * 8 + lane_of_tile() % 8) * tensor_pitch<width> + matrix / 2;
    for (int channels = 0; channels < width / 8; channels += 2) {
      unsigned values[4];
      ptx::load_transposed(values, rows + channels);
      multiply_add<Low>(sums[channels], rounded, values[0], values[1]);
      multiply_add<Low>(sums[channels + 1], rounded, values[2], values[3]);
    }
  }
}

/// Writes factor[h] times the sums of row lane / 4 + 8 h to rows from `first` on, where there are such rows.
template <class Low, int width>
__device__ void store_sums(const RowSums<width>& sums, const float (&factor)[2], std::int64_t first,
                           const TensorRows<std::uint16_t>& to) {
  for (int half_rows = 0; half_rows < 2; ++half_rows) {
    const std::int64_t row = first + lane_of_tile() / 4 + 8 * half_rows;
    if (row >= to.count) continue;
    for (int channels = 0; channels < width / 8; ++channels) {
      const float* const values = sums[channels] + 2 * half_rows;
      *reinterpret_cast<unsigned*>(to.rows + row * to.stride + channels * 8 + 2 * (lane_of_tile() % 4)) =
          packed<Low>(values[0] * factor[half_rows], values[1] * factor[half_rows]);
    }
  }
}

/// Dropout between 16 queries, which are the rows, and 64 keys. A call decides eight keys of a query, of which a lane
/// has two; so a lane draws four calls, those of the blocks lane % 4 and lane % 4 + 4 for both its rows, and the bytes
/// go to the three others that have these rows by shuffles.
class QueryDraws {
 public:
  __device__ QueryDraws(const DropoutFactors<float>& dropout, std::int64_t query, std::int64_t key,
                        std::uint32_t sequence)
      : dropout_(dropout) {
    for (int i = 0; i < 4; ++i)
      drawn_ |= dropout.kept_bits(static_cast<std::uint32_t>(key / 8 + lane_of_tile() % 4 + i / 2 * 4),
                                  static_cast<std::uint32_t>(query + lane_of_tile() / 4 + i % 2 * 8), sequence)
                << (8 * i);
  }

  /// Calls body(i, factor) for the elements of a block of columns; all lanes together.
  template <class Body> __device__ void each(int block, const Body& body) const {
    const std::uint32_t kept = __shfl_sync(full_warp, drawn_, lane_of_tile() / 4 * 4 + block % 4) >> (block / 4 * 16);
    for (int i = 0; i < 4; ++i) body(i, dropout_.factor(kept >> (i / 2 * 8), 2 * (lane_of_tile() % 4) + i % 2));
  }

 private:
  const DropoutFactors<float>& dropout_;
  std::uint32_t drawn_ = 0;
};

/// The same between 16 keys, which are the rows, and 64 queries: a lane draws for the queries lane and lane + 32, each
/// with both groups of eight keys.
class KeyDraws {
 public:
  __device__ KeyDraws(const DropoutFactors<float>& dropout, std::int64_t key, std::int64_t query,
                      std::uint32_t sequence)
      : dropout_(dropout) {
    for (int i = 0; i < 4; ++i)
      drawn_ |= dropout.kept_bits(static_cast<std::uint32_t>(key / 8 + i % 2),
                                  static_cast<std::uint32_t>(query + lane_of_tile() + i / 2 * 32), sequence)
                << (8 * i);
  }

  template <class Body> __device__ void each(int block, const Body& body) const {
    for (int column = 0; column < 2; ++column) {
      const std::uint32_t kept =
          __shfl_sync(full_warp, drawn_, block % 4 * 8 + 2 * (lane_of_tile() % 4) + column) >> (block / 4 * 16);
      for (int half_rows = 0; half_rows < 2; ++half_rows)
        body(2 * half_rows + column, dropout_.factor(kept >> (8 * half_rows), lane_of_tile() / 4));
    }
  }

 private:
  const DropoutFactors<float>& dropout_;
  std::uint32_t drawn_ = 0;
};

/// Whether tensor cores take rows of such heads: of 32 or 64 channels, all matrices in one format of 16 bits, rows that
/// begin at multiples of 16 bytes, and a GPU that has the instructions.
class TensorFit {
 public:
  TensorFit(std::int64_t width, DType format)
      : format_(format), fits_((width == 32 || width == 64) && size_of(format) == 2 && compute_capability() >= 8) {}

  template <class T> TensorFit& add(const Stored<T>& matrix, std::int64_t stride) {
    fits_ = fits_ && matrix.format == format_ && reinterpret_cast<std::uintptr_t>(matrix.memory) % 16 == 0 &&
            stride % elements_of_chunk == 0;
    return *this;
  }
  explicit operator bool() const { return fits_; }

 private:
  DType format_;
  bool fits_;
};

/// Calls body(Low(), width) with the format and the width of a head as constants.
template <class Body> void with_tensor_format(DType format, std::int64_t width, const Body& body) {
  const auto with_width = [&](auto low) {
    if (width == 32) body(low, std::integral_constant<int, 32>());
    else body(low, std::integral_constant<int, 64>());
  };
  if (format == DType::bf16) with_width(bfloat16());
  else with_width(half());
}

}  // namespace tl::cuda
