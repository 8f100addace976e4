// Micro-kernel of the matrix product for any machine: a tile of 4 x 8 in vectors of 128 bits, which every CPU that tl
// runs on has (SSE2, NEON), written with the vector extension that g++ and clang share.
#pragma once

#include <cstdint>
#include <cstring>

#include <tl/kernels/cpu/gemm/strip.hpp>
#include <tl/kernels/cpu/rounding.hpp>

namespace tl::cpu {

struct GemmPortable {
  static constexpr std::int64_t rows = 4, columns = 8, depth_step = 1, max_depth = 256, max_panels = 2;

  static constexpr std::int64_t packed_rows(std::int64_t) { return rows; }

  static void pack(const float* from, std::int64_t stride, bool along_depth, std::int64_t width, std::int64_t depth,
                   std::int64_t group, float* to, bool rounded) {
    const std::int64_t step_w = along_depth ? stride : 1, step_d = along_depth ? 1 : stride;
    for (std::int64_t d = 0; d < depth; ++d) {
      const float* const column = from + d * step_d;
      float* const out = to + d * group;
      for (std::int64_t w = 0; w < width; ++w) out[w] = column[w * step_w];
      for (std::int64_t w = width; w < group; ++w) out[w] = 0.0F;
    }
    if (rounded) round_rows<float>(to, 0, to, 0, 1, group * depth);
  }

  static void pack_bf16(const bfloat16* from, std::int64_t stride, std::int64_t width, std::int64_t depth,
                        std::int64_t group, float* to) {
    for (std::int64_t d = 0; d < depth; ++d, from += stride, to += group) {
      for (std::int64_t w = 0; w < width; ++w) to[w] = from[w];
      for (std::int64_t w = width; w < group; ++w) to[w] = 0.0F;
    }
  }

  static void multiply(std::int64_t height, std::int64_t width, std::int64_t depth, const float* a,
                       std::int64_t row_step, std::int64_t k_step, const float* b, float* c, std::int64_t ldc, bool add,
                       const float* bias, GemmPrefetch& next) {
    next.fetch_part(1);
    Vector sum[rows][2] = {};
    GemmStripRows<rows> row(a, row_step, k_step);
    for (std::int64_t d = 0; d < depth; ++d, row.step(), b += columns) {
      Vector left, right;
      std::memcpy(&left, b, sizeof left);
      std::memcpy(&right, b + 4, sizeof right);
#pragma GCC unroll 4
      for (int i = 0; i < rows; ++i) {
        sum[i][0] += row[i] * left;
        sum[i][1] += row[i] * right;
      }
    }
    float tile[rows][columns];
    std::memcpy(tile, sum, sizeof tile);
    for (std::int64_t i = 0; i < height; ++i)
      for (std::int64_t j = 0; j < width; ++j) {
        float& out = c[i * ldc + j];
        out = tile[i][j] + (add ? out : 0.0F) + (bias ? bias[j] : 0.0F);
      }
  }

 private:
  using Vector = float __attribute__((vector_size(16)));
};

}  // namespace tl::cpu
