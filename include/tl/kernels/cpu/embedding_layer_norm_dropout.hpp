// CPU bodies of the embedding block: one pass over the rows forward; backward one pass for the gradient of the sum of
// the embeddings, then the tables.
#pragma once

#include <algorithm>
#include <span>

#include <tl/kernels/cpu/convert.hpp>
#include <tl/kernels/cpu/dropout_factors.hpp>
#include <tl/kernels/cpu/layer_norm_row.hpp>
#include <tl/kernels/cpu/row_copies.hpp>
#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/embedding_layer_norm_dropout.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::EmbeddingLayerNormDropoutForward<T>& a) {
  parallel_vectorized<T, CpuIsa::avx2>(a.n, row_grain(a.d), [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    T* const scratch = ones<T>(2 * a.d);
    T* const sum = scratch;
    T* const factor = sum + a.d;
    for (std::int64_t row = begin; row < end; ++row) {
      const auto embedding = [&](int k) TL_INLINE {
        const auto& table = a.tables[static_cast<std::size_t>(k)];
        return table.values + table.rows[row] * a.d;
      };
      const T* const first = embedding(0);
      if (a.table_count == 1) {
        std::copy_n(first, a.d, sum);
      } else {
        const T* const second = embedding(1);
        vector_loop(a.d, [=](std::int64_t i) TL_INLINE { sum[i] = first[i] + second[i]; });
      }
      for (int k = 2; k < a.table_count; ++k) {
        const T* const next = embedding(k);
        vector_loop(a.d, [=](std::int64_t i) TL_INLINE { sum[i] += next[i]; });
      }
      const auto [mean, rstd] = row_statistics<T>(sum, a.d, static_cast<T>(a.eps));
      if (a.dropout.active()) dropout_factors(a.dropout, row, a.d, factor);
      T* const y = a.y + row * a.d;
      T* const xhat = a.xhat ? a.xhat + row * a.d : sum;
      if (a.rstd) a.rstd[row] = rstd;
      vector_loop(a.d, [=, gamma = a.gamma, beta = a.beta, mean = mean, rstd = rstd](std::int64_t i) TL_INLINE {
        xhat[i] = (sum[i] - mean) * rstd;
        y[i] = (xhat[i] * gamma[i] + beta[i]) * factor[i];
      });
    }
  });
  if (a.y_rounded) run(Cpu{}, kernels::Convert<T>{.x = a.y, .y = a.y_rounded, .n = a.n * a.d});
}

template <class T> void run(Cpu, const kernels::EmbeddingLayerNormDropoutBackward<T>& a) {
  const std::span used(a.tables.data(), static_cast<std::size_t>(a.table_count));
  const bool tables = std::ranges::any_of(used, [](const auto& table) { return table.gradient != nullptr; });
  Storage storage(tables ? static_cast<std::size_t>(a.n * a.d) * sizeof(T) : 0, cpu_device, false);
  T* const dsum = static_cast<T*>(storage.data());  // [N, D]
  RowReduction<T> sums(a.n, 2 * a.d);
  sums.template for_each_block<CpuIsa::avx2>([=](std::int64_t begin, std::int64_t end, T* dgamma) TL_INLINE {
    T* const dbeta = dgamma + a.d;
    T* const scratch = ones<T>(2 * a.d);
    T* const g = scratch;
    T* const factor = g + a.d;
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const dy = a.dy + row * a.d;
      const T* const xhat = a.xhat + row * a.d;
      if (a.dropout.active()) dropout_factors(a.dropout, row, a.d, factor);
      vector_loop(a.d, [=](std::int64_t i) TL_INLINE {
        g[i] = dy[i] * factor[i];
        dgamma[i] += g[i] * xhat[i];
        dbeta[i] += g[i];
      });
      if (tables) layer_norm_row_backward<T>(g, xhat, a.gamma, a.rstd[row], a.d, dsum + row * a.d);
    }
  });
  sums.add_to(a.dgamma, 0, a.d);
  sums.add_to(a.dbeta, a.d, a.d);
  for (const auto& table : used)
    if (table.gradient) add_groups(dsum, table.groups, table.gradient, a.d);
}

}  // namespace tl::cpu
