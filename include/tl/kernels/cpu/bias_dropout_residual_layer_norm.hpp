// CPU bodies of the end of an encoder half-block: one pass over the rows in each direction.
#pragma once

#include <tl/kernels/bias_dropout_residual_layer_norm.hpp>
#include <tl/kernels/cpu/convert.hpp>
#include <tl/kernels/cpu/dropout_factors.hpp>
#include <tl/kernels/cpu/layer_norm_row.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/cpu/scratch.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::BiasDropoutResidualLayerNormForward<T>& a) {
  parallel_vectorized<T>(a.n, row_grain(a.d), [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    T* const sum = ones<T>(2 * a.d);
    T* const factor = sum + a.d;
    for (std::int64_t row = begin; row < end; ++row) {
      const T *const x = a.x.own() + row * a.d, *const residual = a.residual + row * a.d, *const bias = a.bias;
      if (a.dropout.active()) dropout_factors(a.dropout, row, a.d, factor);
      if (a.precision == Precision::bf16)
        vector_loop(a.d, [=](std::int64_t i) TL_INLINE {
          sum[i] = round_to_bf16(round_to_bf16(x[i] + bias[i]) * factor[i]) + residual[i];
        });
      else vector_loop(a.d, [=](std::int64_t i) TL_INLINE { sum[i] = (x[i] + bias[i]) * factor[i] + residual[i]; });
      const auto [mean, rstd] = row_statistics<T>(sum, a.d, static_cast<T>(a.eps));
      T* const y = a.y + row * a.d;
      T* const xhat = a.xhat ? a.xhat + row * a.d : sum;
      if (a.rstd) a.rstd[row] = rstd;
      vector_loop(a.d, [=, gamma = a.gamma, beta = a.beta, mean = mean, rstd = rstd](std::int64_t i) TL_INLINE {
        xhat[i] = (sum[i] - mean) * rstd;
        y[i] = xhat[i] * gamma[i] + beta[i];
      });
    }
  });
  if (a.y_rounded) run(Cpu{}, kernels::Convert<T>{.x = a.y, .y = a.y_rounded, .n = a.n * a.d});
}

template <class T> void run(Cpu, const kernels::BiasDropoutResidualLayerNormBackward<T>& a) {
  RowReduction<T> sums(a.n, 3 * a.d);
  sums.for_each_block([a](std::int64_t begin, std::int64_t end, T* dgamma) TL_INLINE {
    T* const dbeta = dgamma + a.d;
    T* const dbias = dbeta + a.d;
    T* const scratch = ones<T>(2 * a.d);
    T* const factor = scratch + a.d;
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const dy = a.dy + row * a.d;
      const T* const xhat = a.xhat + row * a.d;
      T* const dx = a.dx.own() + row * a.d;
      T* const dsum = a.dresidual ? a.dresidual + row * a.d : scratch;
      layer_norm_row_backward<T>(dy, xhat, a.gamma, a.rstd[row], a.d, dsum);
      if (a.dropout.active()) dropout_factors(a.dropout, row, a.d, factor);
      vector_loop(a.d, [=](std::int64_t i) TL_INLINE {
        dgamma[i] += dy[i] * xhat[i];
        dbeta[i] += dy[i];
        dx[i] = dsum[i] * factor[i];
      });
      round_row(dx, a.d, a.precision);
      vector_loop(a.d, [=](std::int64_t i) TL_INLINE { dbias[i] += dx[i]; });
    }
  });
  sums.add_to(a.dgamma, 0, a.d);
  sums.add_to(a.dbeta, a.d, a.d);
  sums.add_to(a.dbias, 2 * a.d, a.d);
}

}  // namespace tl::cpu
