// CPU bodies of row_broadcast.
#pragma once

#include <algorithm>

#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/row_broadcast.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::RowBroadcastForward<T>& a) {
  parallel_vectorized<T, CpuIsa::avx2>(a.n, row_grain(a.d), [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t at = begin * a.d; at < end * a.d; at += a.d) {
      if (a.multiply)
        vector_loop(a.d, [x = a.x + at, y = a.y + at, row = a.row](std::int64_t i) TL_INLINE { y[i] = x[i] * row[i]; });
      else
        vector_loop(a.d, [x = a.x + at, y = a.y + at, row = a.row](std::int64_t i) TL_INLINE { y[i] = x[i] + row[i]; });
    }
  });
}

template <class T> void run(Cpu, const kernels::RowBroadcastBackward<T>& a) {
  RowReduction<T> sums(a.n, a.d);
  sums.template for_each_block<CpuIsa::avx2>([&a](std::int64_t begin, std::int64_t end, T* sum) TL_INLINE {
    for (std::int64_t at = begin * a.d; at < end * a.d; at += a.d) {
      const T* const dy = a.dy + at;
      if (a.multiply) vector_loop(a.d, [=, x = a.x + at](std::int64_t i) TL_INLINE { sum[i] += dy[i] * x[i]; });
      else vector_loop(a.d, [=](std::int64_t i) TL_INLINE { sum[i] += dy[i]; });
      if (!a.dx) continue;
      T* const dx = a.dx + at;
      if (a.multiply) vector_loop(a.d, [=, row = a.row](std::int64_t i) TL_INLINE { dx[i] = dy[i] * row[i]; });
      else std::copy_n(dy, a.d, dx);
    }
  });
  sums.add_to(a.drow, 0, a.d);
}

}  // namespace tl::cpu
