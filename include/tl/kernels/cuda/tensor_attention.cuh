// Attention on tensor cores, for heads of 32 and 64 channels in bfloat16 or half: forward. A block of four warps has 64
// queries of one head of one sequence, each warp 16 of them, and walks over the keys in tiles of 64; the next tile is
// copied to shared memory while the present one is computed with. Scores stay in registers: what mma.sync leaves of the
// product with the keys is what it takes for the product with the values, once it is rounded. Sums, softmax and the
// maximum are float. For fragments and their lanes see ptx.cuh.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tl/kernels/attention.hpp>
#include <tl/kernels/cuda/attention_tile.cuh>
#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/ptx.cuh>

namespace tl::cuda {

inline constexpr int tensor_tile = 64;                 // queries of a block, and keys of a turn
inline constexpr int tensor_rows = 16;                 // queries of a warp
inline constexpr int tensor_blocks = tensor_tile / 8;  // of eight keys
inline constexpr int elements_of_chunk = 8;            // that one copy moves
static_assert(attention_warps * tensor_rows == tensor_tile);

/// Sixteen bytes of a row.
struct alignas(16) Chunk {
  std::uint16_t elements[elements_of_chunk];
};

/// Rows of a head in shared memory, with a chunk more than they have: the eight rows that a matrix is loaded from then
/// lie in different banks.
template <int width> inline constexpr int tensor_pitch = width / elements_of_chunk + 1;

/// Starts to copy rows [first, first + 64) of a head, zeros where there are none; by all threads of a block.
template <int width>
__device__ void start_tile(const std::uint16_t* rows, std::int64_t stride, std::int64_t first, std::int64_t count,
                           Chunk* tile) {
  constexpr int chunks = width / elements_of_chunk;
  for (int i = static_cast<int>(threadIdx.x); i < tensor_tile * chunks; i += attention_threads) {
    const int row = i / chunks, chunk = i % chunks;
    const bool there = first + row < count;
    ptx::start_copy(tile + row * tensor_pitch<width> + chunk,
                    rows + (there ? (first + row) * stride + chunk * elements_of_chunk : 0), there ? 16 : 0);
  }
}

/// Two floats, rounded, as a register of a fragment: the first one in the low half.
template <class Low> __device__ unsigned packed(float first, float second) {
  Low low, high;
  convert_float(first, low);
  convert_float(second, high);
  return low.bits | static_cast<unsigned>(high.bits) << 16;
}

template <class Low> __device__ void multiply_add(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  const unsigned b[2] = {b0, b1};
  if constexpr (std::is_same_v<Low, bfloat16>) ptx::multiply_bf16(c, a, b);
  else ptx::multiply_f16(c, a, b);
}

/// The 16 queries of a warp against 64 keys: what a lane has of them is in rows lane / 4 and lane / 4 + 8, columns
/// 2 (lane % 4) and the next of each block of eight.
template <class Low, int width> struct TensorRows {
  unsigned queries[width / 16][4];
  float scores[tensor_blocks][4];
  float sums[width / 8][4] = {};  // of values, weighted by exp(score - largest), after dropout
  float largest[2], total[2] = {};

  __device__ TensorRows() {
    for (float& value : largest) value = -std::numeric_limits<float>::infinity();
  }

  static __device__ int lane() { return static_cast<int>(threadIdx.x) % warp_size; }

  /// The queries of the calling warp from the block's tile.
  __device__ void load_queries(const Chunk* tile) {
    const int matrix = lane() / 8, row = static_cast<int>(threadIdx.x) / warp_size * tensor_rows + lane() % 16;
    for (int k = 0; k < width / 16; ++k)
      ptx::load_matrices(queries[k], tile + row * tensor_pitch<width> + 2 * k + matrix / 2);
  }

  /// scores = queries keys^T.
  __device__ void multiply_keys(const Chunk* tile) {
    const int matrix = lane() / 8;
    for (int block = 0; block < tensor_blocks; block += 2) {
      for (int i = 0; i < 4; ++i) scores[block][i] = scores[block + 1][i] = 0.0F;
      const Chunk* const rows = tile + ((block + matrix / 2) * 8 + lane() % 8) * tensor_pitch<width> + matrix % 2;
      for (int k = 0; k < width / 16; ++k) {
        unsigned keys[4];
        ptx::load_matrices(keys, rows + 2 * k);
        multiply_add<Low>(scores[block], queries[k], keys[0], keys[1]);
        multiply_add<Low>(scores[block + 1], queries[k], keys[2], keys[3]);
      }
    }
  }

  /// Turns the scores of the keys before `count` into weights, and what was added before to the new maximum.
  __device__ void weigh(std::int64_t count, float scale) {
    const int first = 2 * (lane() % 4);
    for (int half_rows = 0; half_rows < 2; ++half_rows) {
      float of_tile = -std::numeric_limits<float>::infinity();
      for (int block = 0; block < tensor_blocks; ++block)
        for (int i = 0; i < 2; ++i) {
          float& score = scores[block][2 * half_rows + i];
          score = block * 8 + first + i < count ? score * scale : -std::numeric_limits<float>::infinity();
          if (score > of_tile) of_tile = score;
        }
      for (int distance = 1; distance < 4; distance *= 2) {
        const float other = __shfl_xor_sync(full_warp, of_tile, distance);
        if (other > of_tile) of_tile = other;
      }
      const float before = largest[half_rows], now = before > of_tile ? before : of_tile;
      const float shrunk = std::exp(before - now);
      largest[half_rows] = now;
      total[half_rows] *= shrunk;
      for (auto& sum : sums)
        for (int i = 0; i < 2; ++i) sum[2 * half_rows + i] *= shrunk;
      for (int block = 0; block < tensor_blocks; ++block)
        for (int i = 0; i < 2; ++i) {
          float& weight = scores[block][2 * half_rows + i];
          weight = block * 8 + first + i < count ? std::exp(weight - now) : 0.0F;
          total[half_rows] += weight;
        }
    }
  }

  /// Drops weights of the tile's keys from `key` on, a multiple of 8. A lane draws for the blocks lane % 4 and
  /// lane % 4 + 4 of both its rows; the four bytes go to the three others that have the rows by shuffles.
  __device__ void drop(const DropoutFactors<float>& dropout, std::int64_t key, std::int64_t query,
                       std::uint32_t sequence) {
    if (!dropout.active()) return;
    const int member = lane() % 4;
    std::uint32_t drawn = 0;
    for (int i = 0; i < 4; ++i)
      drawn |= dropout.kept_bits(static_cast<std::uint32_t>(key / 8 + member + i / 2 * 4),
                                 static_cast<std::uint32_t>(query + lane() / 4 + i % 2 * 8), sequence)
               << (8 * i);
    for (int block = 0; block < tensor_blocks; ++block) {
      const std::uint32_t kept = __shfl_sync(full_warp, drawn, lane() / 4 * 4 + block % 4) >> (block / 4 * 16);
      for (int i = 0; i < 4; ++i) scores[block][i] *= dropout.factor(kept >> (i / 2 * 8), 2 * member + i % 2);
    }
  }

  /// sums += weights values.
  __device__ void add_values(const Chunk* tile) {
    const int matrix = lane() / 8;
    for (int block = 0; block < tensor_blocks; block += 2) {
      const float *const left = scores[block], *const right = scores[block + 1];
      const unsigned weights[4] = {packed<Low>(left[0], left[1]), packed<Low>(left[2], left[3]),
                                   packed<Low>(right[0], right[1]), packed<Low>(right[2], right[3])};
      const Chunk* const rows = tile + ((block + matrix % 2) * 8 + lane() % 8) * tensor_pitch<width> + matrix / 2;
      for (int channels = 0; channels < width / 8; channels += 2) {
        unsigned values[4];
        ptx::load_transposed(values, rows + channels);
        multiply_add<Low>(sums[channels], weights, values[0], values[1]);
        multiply_add<Low>(sums[channels + 1], weights, values[2], values[3]);
      }
    }
  }

  /// Writes rows [0, count) of the calling warp: `out` and `lse` are those of its first row.
  __device__ void store(std::int64_t count, bool any_key, std::uint16_t* out, std::int64_t stride, float* lse,
                        std::int64_t lse_stride) {
    for (int half_rows = 0; half_rows < 2; ++half_rows) {
      float sum = total[half_rows];
      for (int distance = 1; distance < 4; distance *= 2) sum += __shfl_xor_sync(full_warp, sum, distance);
      const int row = lane() / 4 + 8 * half_rows;
      if (row >= count) continue;
      for (int channels = 0; channels < width / 8; ++channels) {
        const float* const values = sums[channels] + 2 * half_rows;
        const unsigned pair = any_key ? packed<Low>(values[0] / sum, values[1] / sum) : 0U;
        *reinterpret_cast<unsigned*>(out + row * stride + channels * 8 + 2 * (lane() % 4)) = pair;
      }
      if (lse && lane() % 4 == 0) lse[row * lse_stride] = largest[half_rows] + std::log(sum);
    }
  }
};

template <class Low, int width>
static __global__ void __launch_bounds__(attention_threads)
    tensor_attention_forward_kernel(kernels::AttentionForward<float> p, AttentionGrid grid,
                                    DropoutFactors<float> given_dropout) {
  constexpr int chunks = tensor_tile * tensor_pitch<width>;
  TL_SHARED(Chunk, query_tile, chunks);
  TL_SHARED(Chunk, key_tiles, 2 * chunks);
  TL_SHARED(Chunk, value_tiles, 2 * chunks);
  const std::int64_t row_width = p.heads * width;
  if (blockIdx.x >= grid.tasks) {
    const std::int64_t end = end_of_rows(p.cu_q, p.b, p.n_q);
    zero_rest(grid, p.out, row_width, row_width, end, p.n_q);
    return zero_rest(grid, Stored<float>(p.lse), p.heads, p.heads, end, p.n_q);
  }
  const DropoutFactors<float> dropout = given_dropout.resolved();
  const AttentionTask task(grid);
  const SequenceRows queries = rows_of_sequence(p.cu_q, task.sequence, p.n_q);
  const SequenceRows keys = rows_of_sequence(p.cu_k, task.sequence, p.n_k);
  const std::int64_t column = task.head * width;
  const auto rows_of = [&](const Stored<const float>& matrix, std::int64_t first, std::int64_t stride) {
    return static_cast<const std::uint16_t*>(matrix.memory) + first * stride + column;
  };
  const std::uint16_t* const q = rows_of(p.q, queries.first, p.q_stride);
  const std::uint16_t* const k = rows_of(p.k, keys.first, p.k_stride);
  const std::uint16_t* const v = rows_of(p.v, keys.first, p.v_stride);
  const int warp = static_cast<int>(threadIdx.x) / warp_size;
  const auto start_keys = [&](std::int64_t key) {
    const int stage = static_cast<int>(key / tensor_tile % 2) * chunks;
    if (key < keys.count) {
      start_tile<width>(k, p.k_stride, key, keys.count, key_tiles + stage);
      start_tile<width>(v, p.v_stride, key, keys.count, value_tiles + stage);
    }
    ptx::commit_copies();
  };
  for (std::int64_t first = task.first_row; first < queries.count; first += grid.tiles * tensor_tile) {
    __syncthreads();  // the tiles of the queries before have been read
    start_tile<width>(q, p.q_stride, first, queries.count, query_tile);
    start_keys(0);
    TensorRows<Low, width> rows;
    const std::int64_t first_of_warp = first + warp * tensor_rows;
    for (std::int64_t key = 0; key < keys.count; key += tensor_tile) {
      start_keys(key + tensor_tile);
      ptx::wait_copies<1>();
      __syncthreads();
      const int stage = static_cast<int>(key / tensor_tile % 2) * chunks;
      if (key == 0) rows.load_queries(query_tile);
      rows.multiply_keys(key_tiles + stage);
      rows.weigh(keys.count - key, static_cast<float>(p.scale));
      rows.drop(dropout, key, first_of_warp, task.mask_sequence);
      rows.add_values(value_tiles + stage);
      __syncthreads();  // the tile has been read before the one after the next is copied there
    }
    ptx::wait_copies<0>();
    const std::int64_t row = queries.first + first_of_warp;
    rows.store(queries.count - first_of_warp, keys.count > 0,
               static_cast<std::uint16_t*>(p.out.memory) + row * row_width + column, row_width,
               p.lse ? p.lse + row * p.heads + task.head : nullptr, p.heads);
  }
}

/// Whether tensor cores take a contract: heads of 32 or 64 channels, all matrices in one format of 16 bits, rows that
/// begin at multiples of 16 bytes, and a GPU that has the instructions.
template <class T> bool fits_tensor_attention(const kernels::AttentionForward<T>& p) {
  const DType format = p.q.format;
  const auto aligned = [&](const auto& matrix, std::int64_t stride) {
    return matrix.format == format && reinterpret_cast<std::uintptr_t>(matrix.memory) % 16 == 0 && stride % 8 == 0;
  };
  return std::is_same_v<T, float> && (p.head_width == 32 || p.head_width == 64) && size_of(format) == 2 &&
         aligned(p.q, p.q_stride) && aligned(p.k, p.k_stride) && aligned(p.v, p.v_stride) &&
         aligned(p.out, p.heads * p.head_width) && compute_capability() >= 8;
}

template <class Low, int width> static void tensor_attention_forward(const kernels::AttentionForward<float>& p) {
  const AttentionGrid grid(p.b, p.heads, p.head_width, p.max_q, p.n_q, width, tensor_tile);
  launch(Launch{.operation = p.name,
                .shape = {p.n_q, p.heads * p.head_width},
                .blocks = grid.blocks(),
                .threads = attention_threads},
         tensor_attention_forward_kernel<Low, width>, p, grid, DropoutFactors<float>(p.dropout));
}

static void tensor_attention_forward(const kernels::AttentionForward<float>& p) {
  if (p.q.format == DType::bf16)
    return p.head_width == 32 ? tensor_attention_forward<bfloat16, 32>(p) : tensor_attention_forward<bfloat16, 64>(p);
  p.head_width == 32 ? tensor_attention_forward<half, 32>(p) : tensor_attention_forward<half, 64>(p);
}

}  // namespace tl::cuda
