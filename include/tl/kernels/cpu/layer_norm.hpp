// CPU bodies of layer_norm: rows in parallel; dgamma and dbeta as ordered sums of row blocks.
#pragma once

#include <tl/kernels/cpu/layer_norm_row.hpp>
#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/layer_norm.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::LayerNormForward<T>& a) {
  parallel_vectorized<T>(a.n, row_grain(a.d), [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const x = a.x + row * a.d;
      T* const y = a.y + row * a.d;
      const auto [mean, rstd] = row_statistics(x, a.d, static_cast<T>(a.eps));
      a.mean[row] = mean;
      a.rstd[row] = rstd;
      vector_loop(a.d, [=, gamma = a.gamma, beta = a.beta, mean = mean, rstd = rstd](std::int64_t i)
                           TL_INLINE { y[i] = (x[i] - mean) * rstd * gamma[i] + beta[i]; });
    }
  });
}

template <class T> void run(Cpu, const kernels::LayerNormBackward<T>& a) {
  RowReduction<T> sums(a.n, 2 * a.d);
  sums.for_each_block([a](std::int64_t begin, std::int64_t end, T* dgamma) TL_INLINE {
    T* const dbeta = dgamma + a.d;
    T* const scratch = ones<T>(a.d);
    T* const xhat = scratch;
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const x = a.x + row * a.d;
      const T* const dy = a.dy + row * a.d;
      vector_loop(a.d, [=, mean = a.mean[row], rstd = a.rstd[row]](std::int64_t i) TL_INLINE {
        xhat[i] = (x[i] - mean) * rstd;
        dgamma[i] += dy[i] * xhat[i];
        dbeta[i] += dy[i];
      });
      if (a.dx) layer_norm_row_backward(dy, xhat, a.gamma, a.rstd[row], a.d, a.dx + row * a.d);
    }
  });
  sums.add_to(a.dgamma, 0, a.d);
  sums.add_to(a.dbeta, a.d, a.d);
}

}  // namespace tl::cpu
