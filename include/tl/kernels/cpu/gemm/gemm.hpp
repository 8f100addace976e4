// The matrix product that linear and matmul use: C = op(A) op(B) (+ bias), row-major, on all threads. Every element of
// C is summed in an order that depends on the shape only, so the result has the same bits for any thread count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <tl/core/cpu_features.hpp>
#include <tl/core/parallel.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/cpu/gemm/args.hpp>
#include <tl/kernels/cpu/gemm/avx2.hpp>
#include <tl/kernels/cpu/gemm/avx512.hpp>
#include <tl/kernels/cpu/gemm/blocked.hpp>
#include <tl/kernels/cpu/gemm/eigen.hpp>
#include <tl/kernels/cpu/gemm/portable.hpp>
#include <tl/kernels/cpu/gemm/small_m.hpp>
#include <tl/kernels/cpu/gemm/small_m_avx2.hpp>
#include <tl/kernels/cpu/gemm/small_m_avx512.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/packed_weight_cache.hpp>

namespace tl::cpu {

namespace detail {

/// gemm() on tiles that Eigen multiplies.
template <class T> void gemm_on_tiles(const GemmArgs<T>& g) {
  constexpr std::int64_t tile_m = 256, tile_n = 128;
  const std::int64_t tiles_n = (g.n + tile_n - 1) / tile_n, tiles_m = (g.m + tile_m - 1) / tile_m;
  parallel_for(tiles_m * tiles_n, 1, [&](std::int64_t tile, std::int64_t) {
    const std::int64_t i = tile / tiles_n * tile_m, j = tile % tiles_n * tile_n;
    GemmArgs<T> part = g;
    part.m = std::min(tile_m, g.m - i);
    part.n = std::min(tile_n, g.n - j);
    part.a += g.transpose_a ? i : i * g.lda;
    part.b = g.b + (g.transpose_b ? j * g.ldb : j);
    part.c += i * g.ldc + j;
    gemm_eigen(part);
    if (!g.bias) return;
    for (std::int64_t row = 0; row < part.m; ++row)
      for (std::int64_t column = 0; column < part.n; ++column) part.c[row * g.ldc + column] += g.bias[j + column];
  });
}

/// A copy of a matrix as stored (same stride) with its elements rounded to bfloat16.
template <class T>
const T* rounded_copy(Stored<const T> from, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                      Scratch<T>& scratch) {
  if (rows <= 0 || columns <= 0) return from.own();
  T* const copy = scratch.get(rows * stride);
  round_rows(from, stride, copy, stride, rows, columns);
  return copy;
}

/// The micro-kernel for tiles of float.
inline const GemmKernel& blocked_kernel([[maybe_unused]] CpuIsa isa, [[maybe_unused]] Precision precision) {
#ifdef TL_X86_64
  if (isa >= CpuIsa::avx512_bf16 && precision == Precision::bf16) return gemm_kernel<GemmAvx512Bf16>;
  if (isa >= CpuIsa::avx512) return gemm_kernel<GemmAvx512>;
  if (isa >= CpuIsa::avx2) return gemm_kernel<GemmAvx2>;
#endif
  return gemm_kernel<GemmPortable>;
}

}  // namespace detail

/// The matrix product. double serves gradient checks and is multiplied by Eigen.
template <class T> void gemm(GemmArgs<T> g) {
  const bool rounded = g.precision == Precision::bf16;
  if constexpr (std::is_same_v<T, float>) {
#ifdef TL_X86_64
    if (!rounded && g.isa >= CpuIsa::avx2 && !g.transpose_a && g.transpose_b && !g.accumulate) {
      const SmallMKernel& small =
          g.isa >= CpuIsa::avx512 ? small_m_kernel<SmallMAvx512, GemmAvx512> : small_m_kernel<SmallMAvx2, GemmAvx2>;
      if (small.suits(g.m)) return SmallMGemm(small, g).run();
    }
#endif
    // Intel's processors wait longer for rows of A that are far apart than packing them takes.
    BlockedGemm(detail::blocked_kernel(g.isa, g.precision), g, tl::detail::is_intel_cpu()).run();
  } else {
    if (rounded) {
      thread_local Scratch<T> scratch_a, scratch_b;
      g.a = detail::rounded_copy<T>(g.a, g.transpose_a ? g.k : g.m, g.transpose_a ? g.m : g.k, g.lda, scratch_a);
      g.b = detail::rounded_copy<T>(g.b, g.transpose_b ? g.n : g.k, g.transpose_b ? g.k : g.n, g.ldb, scratch_b);
    }
    detail::gemm_on_tiles(g);
  }
}

}  // namespace tl::cpu
