// What the plain kernels of attention are made of. A block of four warps has 32 rows of one head of one sequence: each
// warp eight, which its lanes share. It walks over the other side in tiles of 32 rows, one per lane. A product of two
// sides takes 32 channels at a time through shared memory, and a block writes at most `channels` channels of its
// result, so that neither the length of a sequence nor the width of a head has a limit; a wider head has more blocks,
// which compute the same scores.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int attention_tile = 32, attention_warps = 4, attention_threads = attention_warps * warp_size;
inline constexpr int attention_rows = attention_tile / attention_warps;  // of a warp
static_assert(attention_tile == warp_size, "a row of the other side per lane");
static_assert(attention_rows == 8, "dropout is drawn for eight keys at once");

/// Rows of one head of one sequence.
template <class T> struct HeadRows {
  Stored<const T> values;
  std::int64_t stride, count;
};

/// Tiles of two sides, the weights between them and the rows that are weighted. The odd pitch lets the lanes of a warp
/// read a column without waiting for each other.
inline constexpr int attention_pitch = attention_tile + 1;
template <class T> struct AttentionTiles {
  T *a, *b;    // [32, pitch]
  T* weights;  // [32, 32], each warp writes and reads its own rows
  T* values;   // [32, channels]
};

/// `columns` channels from `column` on of rows [first, first + 32), 0 where there are none; by all threads of a block.
template <class T>
__device__ void load_tile(const HeadRows<T>& from, std::int64_t first, std::int64_t column, std::int64_t width,
                          int columns, T* to, int pitch) {
  for (int i = static_cast<int>(threadIdx.x); i < attention_tile * columns; i += attention_threads) {
    const int row = i / columns, x = i % columns;
    const bool there = first + row < from.count && column + x < width;
    to[row * pitch + x] = there ? load(from.values, (first + row) * from.stride + column + x) : T(0);
  }
}

/// products[r] = row r of the calling warp, from `first_a` on in `a`, times the lane's row, from `first_b` on in `b`;
/// over `width` channels, by all threads of a block.
template <class T>
__device__ void row_products(const HeadRows<T>& a, std::int64_t first_a, const HeadRows<T>& b, std::int64_t first_b,
                             std::int64_t width, const AttentionTiles<T>& tiles, T (&products)[attention_rows]) {
  const int lane = static_cast<int>(threadIdx.x) % warp_size, warp = static_cast<int>(threadIdx.x) / warp_size;
  const T* const row_of_lane = tiles.b + lane * attention_pitch;
  const T* const rows = tiles.a + warp * attention_rows * attention_pitch;
  for (T& product : products) product = 0;
  for (std::int64_t column = 0; column < width; column += attention_tile) {
    __syncthreads();  // what was in the tiles has been read
    load_tile(a, first_a, column, width, attention_tile, tiles.a, attention_pitch);
    load_tile(b, first_b, column, width, attention_tile, tiles.b, attention_pitch);
    __syncthreads();
    for (int x = 0; x < attention_tile; ++x)
      for (int r = 0; r < attention_rows; ++r) products[r] += rows[r * attention_pitch + x] * row_of_lane[x];
  }
}

/// Writes the weights between the rows of the calling warp and the lane's row.
template <class T> __device__ void put_weights(const T (&weights)[attention_rows], const AttentionTiles<T>& tiles) {
  const int lane = static_cast<int>(threadIdx.x) % warp_size, warp = static_cast<int>(threadIdx.x) / warp_size;
  __syncwarp();  // the weights before these have been read
  for (int r = 0; r < attention_rows; ++r)
    tiles.weights[(warp * attention_rows + r) * attention_tile + lane] = weights[r];
}

/// sums[r][i] += the tile's weights of row r of the calling warp times channel `column` + 32 i + lane of the rows from
/// `first` on; by all threads of a block.
template <class T, int per_lane>
__device__ void add_weighted_rows(const HeadRows<T>& from, std::int64_t first, std::int64_t column, std::int64_t width,
                                  const AttentionTiles<T>& tiles, T (&sums)[attention_rows][per_lane]) {
  constexpr int channels = per_lane * warp_size;
  const int lane = static_cast<int>(threadIdx.x) % warp_size, warp = static_cast<int>(threadIdx.x) / warp_size;
  const T* const weights = tiles.weights + warp * attention_rows * attention_tile;
  __syncthreads();  // what was in the tile has been read, and the weights are there
  load_tile(from, first, column, width, channels, tiles.values, channels);
  __syncthreads();
  for (int j = 0; j < attention_tile; ++j)
    for (int i = 0; i < per_lane; ++i) {
      const T value = tiles.values[j * channels + i * warp_size + lane];
      for (int r = 0; r < attention_rows; ++r) sums[r][i] += weights[r * attention_tile + j] * value;
    }
}

/// Writes the sums of row r of the calling warp to row `first` + r of a matrix, where there are such rows and channels.
template <class T, int per_lane>
__device__ void store_rows(const T (&sums)[attention_rows][per_lane], std::int64_t first, std::int64_t count,
                           std::int64_t column, std::int64_t width, const Stored<T>& to, std::int64_t stride) {
  const int lane = static_cast<int>(threadIdx.x) % warp_size;
  for (int r = 0; r < attention_rows && first + r < count; ++r)
    for (int i = 0; i < per_lane; ++i) {
      const std::int64_t channel = column + i * warp_size + lane;
      if (channel < width) store(to, (first + r) * stride + channel, sums[r][i]);
    }
}

/// The rows of sequence b: offsets on a device, which are not checked, never lead outside of `rows`.
struct SequenceRows {
  std::int64_t first, count;
};

inline __device__ SequenceRows rows_of_sequence(const std::int32_t* offsets, std::int64_t b, std::int64_t rows) {
  if (!offsets) return {b, b < rows ? 1 : 0};
  const std::int64_t first = std::clamp<std::int64_t>(offsets[b], 0, rows);
  return {first, std::clamp<std::int64_t>(offsets[b + 1], first, rows) - first};
}

/// The first row after those of b sequences.
inline __device__ std::int64_t end_of_rows(const std::int32_t* offsets, std::int64_t b, std::int64_t rows) {
  return std::clamp<std::int64_t>(offsets ? offsets[b] : b, 0, rows);
}

/// How blocks share out the work: one per part of `channels` channels of a tile of a head of a sequence, and some at
/// the end for the rows that belong to no sequence.
struct AttentionGrid {
  std::int64_t heads, tiles, parts, tasks, rest;
  int channels, tile;

  AttentionGrid(std::int64_t b, std::int64_t heads_, std::int64_t width, std::int64_t longest, std::int64_t rows,
                int channels_, int tile_ = attention_tile)
      : heads(heads_),
        tiles(std::max<std::int64_t>(1, blocks_for(longest, tile_))),
        parts(blocks_for(width, channels_)),
        tasks(b * heads * tiles * parts),
        rest(std::min<std::int64_t>(rows, 32)),
        channels(channels_),
        tile(tile_) {}
  std::int64_t blocks() const { return tasks + rest; }
};

/// What the calling block does of it.
struct AttentionTask {
  std::int64_t sequence, head, first_row, column;
  std::uint32_t mask_sequence;

  explicit __device__ AttentionTask(const AttentionGrid& grid) {
    const std::int64_t number = blockIdx.x / grid.parts, index = number / grid.tiles;
    column = blockIdx.x % grid.parts * grid.channels;
    first_row = number % grid.tiles * grid.tile;
    sequence = index / grid.heads;
    head = index % grid.heads;
    mask_sequence = static_cast<std::uint32_t>(index);
  }
};

/// Zeros in the rows [end, rows) of a matrix, by the blocks for the rest; null is left out.
template <class T>
__device__ void zero_rest(const AttentionGrid& grid, const Stored<T>& values, std::int64_t stride, std::int64_t columns,
                          std::int64_t end, std::int64_t rows) {
  if (!values) return;
  for (std::int64_t row = end + blockIdx.x - grid.tasks; row < rows; row += grid.rest)
    for (std::int64_t i = threadIdx.x; i < columns; i += attention_threads) store(values, row * stride + i, T(0));
}

}  // namespace tl::cuda
