// CPU bodies of segment_mean: segments in parallel, the rows of a segment in order.
#pragma once

#include <algorithm>

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/segment_mean.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::SegmentMeanForward<T>& a) {
  parallel_vectorized<T>(a.b, 1, [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t segment = begin; segment < end; ++segment) {
      T* const y = a.y + segment * a.d;
      std::fill_n(y, a.d, T(0));
      const std::int64_t first = a.cu_seqlens[segment], last = a.cu_seqlens[segment + 1];
      for (std::int64_t row = first; row < last; ++row) {
        const T* const x = a.x + row * a.d;
        vector_loop(a.d, [=](std::int64_t i) TL_INLINE { y[i] += x[i]; });
      }
      const T share = first < last ? T(1) / static_cast<T>(last - first) : T(0);
      vector_loop(a.d, [=](std::int64_t i) TL_INLINE { y[i] *= share; });
    }
  });
}

template <class T> void run(Cpu, const kernels::SegmentMeanBackward<T>& a) {
  parallel_vectorized<T>(a.b, 1, [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t segment = begin; segment < end; ++segment) {
      const T* const dy = a.dy + segment * a.d;
      const std::int64_t first = a.cu_seqlens[segment], last = a.cu_seqlens[segment + 1];
      const T share = first < last ? T(1) / static_cast<T>(last - first) : T(0);
      for (std::int64_t row = first; row < last; ++row) {
        T* const dx = a.dx + row * a.d;
        vector_loop(a.d, [=](std::int64_t i) TL_INLINE { dx[i] = share * dy[i]; });
      }
    }
  });
  const std::int64_t rows = a.cu_seqlens[a.b];
  std::fill_n(a.dx + rows * a.d, (a.n - rows) * a.d, T(0));
}

}  // namespace tl::cpu
