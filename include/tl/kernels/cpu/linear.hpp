// CPU kernels of the contract in kernels/linear.hpp: one matrix product each.
#pragma once

#include <cstdint>
#include <vector>

#include <tl/kernels/cpu/add.hpp>
#include <tl/kernels/cpu/gemm/gemm.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/linear.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::LinearForward<T>& p) {
  T* const y = p.y.own();
  gemm<T>({.a = p.x.own(),
           .b = p.weight,
           .c = y,
           .m = p.n,
           .n = p.out,
           .k = p.in,
           .lda = p.in,
           .ldb = p.in,
           .ldc = p.out,
           .transpose_b = true,
           .bias = p.bias,
           .precision = p.precision,
           .packed = p.packed});
  if (p.x_saved)
    parallel_for(p.n * p.in, flat_grain, [x = p.x.own(), to = p.x_saved](std::int64_t begin, std::int64_t end) {
      store_rows(x + begin, 0, to + begin, 0, 1, end - begin);
    });
  if (p.precision == Precision::bf16 && p.bias) round_to_bf16(y, y, p.n * p.out);
}

template <class T> void run(Cpu, const kernels::LinearBackwardInput<T>& p) {
  if (p.accumulate) {  // the sum of two whole gradients, as autograd makes it
    std::vector<T> product(static_cast<std::size_t>(p.n * p.in));
    kernels::LinearBackwardInput<T> alone = p;
    alone.dx = product.data();
    alone.accumulate = false;
    run(Cpu{}, alone);
    return run(Cpu{}, kernels::Add<T>{.a = p.dx, .b = product.data(), .y = p.dx, .n = p.n * p.in});
  }
  gemm<T>({.a = p.dy.own(),
           .b = p.weight,
           .c = p.dx.own(),
           .m = p.n,
           .n = p.in,
           .k = p.out,
           .lda = p.out,
           .ldb = p.in,
           .ldc = p.in,
           .precision = p.precision,
           .packed = p.packed});
}

template <class T> void run(Cpu, const kernels::LinearBackwardWeight<T>& p) {
  if (p.dweight)
    gemm<T>({.a = p.dy.own(),
             .b = p.x,
             .c = p.dweight,
             .m = p.out,
             .n = p.in,
             .k = p.n,
             .lda = p.out,
             .ldb = p.in,
             .ldc = p.in,
             .transpose_a = true,
             .accumulate = !p.overwrite,
             .precision = p.precision});
  if (!p.dbias) return;
  RowReduction<T> sums(p.n, p.out);
  sums.template for_each_block<CpuIsa::avx2>(
      [p, gradient = p.dy.own()](std::int64_t begin, std::int64_t end, T* sum) TL_INLINE {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* const dy = gradient + row * p.out;
          if (p.precision == Precision::bf16)
            vector_loop(p.out, [=](std::int64_t i) TL_INLINE { sum[i] += round_to_bf16(dy[i]); });
          else vector_loop(p.out, [=](std::int64_t i) TL_INLINE { sum[i] += dy[i]; });
        }
      });
  sums.add_to(p.dbias, 0, p.out);
}

}  // namespace tl::cpu
