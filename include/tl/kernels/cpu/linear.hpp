// CPU kernels of the contract in kernels/linear.hpp: one matrix product each.
#pragma once

#include <cstdint>

#include <tl/kernels/cpu/gemm/gemm.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/linear.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::LinearForward<T>& p) {
  gemm(false, true, p.n, p.out, p.in, p.x, p.in, p.weight, p.in, p.y, p.out, false, p.bias, p.precision, cpu_isa(),
       p.packed);
  if (p.x_saved)
    parallel_for(p.n * p.in, flat_grain, [x = p.x, to = p.x_saved](std::int64_t begin, std::int64_t end) {
      store_rows(x + begin, 0, to + begin, 0, 1, end - begin);
    });
  if (p.precision == Precision::bf16 && p.bias) round_to_bf16(p.y, p.y, p.n * p.out);
}

template <class T> void run(Cpu, const kernels::LinearBackwardInput<T>& p) {
  gemm<T>(false, false, p.n, p.in, p.out, p.dy, p.out, p.weight, p.in, p.dx, p.in, false, nullptr, p.precision,
          cpu_isa(), p.packed);
}

template <class T> void run(Cpu, const kernels::LinearBackwardWeight<T>& p) {
  if (p.dweight)
    gemm<T>(true, false, p.out, p.in, p.n, p.dy, p.out, p.x, p.in, p.dweight, p.in, !p.overwrite, nullptr, p.precision);
  if (!p.dbias) return;
  RowReduction<T> sums(p.n, p.out);
  sums.template for_each_block<CpuIsa::avx2>([p](std::int64_t begin, std::int64_t end, T* sum) TL_INLINE {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const dy = p.dy + row * p.out;
      if (p.precision == Precision::bf16)
        vector_loop(p.out, [=](std::int64_t i) TL_INLINE { sum[i] += round_to_bf16(dy[i]); });
      else vector_loop(p.out, [=](std::int64_t i) TL_INLINE { sum[i] += dy[i]; });
    }
  });
  sums.add_to(p.dbias, 0, p.out);
}

}  // namespace tl::cpu
