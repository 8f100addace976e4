// CPU bodies of softmax: rows in parallel, with the row's maximum subtracted.
#pragma once

#include <algorithm>
#include <cmath>

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/cpu/vector_math.hpp>
#include <tl/kernels/softmax.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::SoftmaxForward<T>& a) {
  parallel_vectorized<T, CpuIsa::avx2>(a.n, row_grain(a.c), [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const x = a.x + row * a.c;
      T* const y = a.y + row * a.c;
      const T highest = *std::max_element(x, x + a.c);
      vector_loop(a.c, [=](std::int64_t c) TL_INLINE { y[c] = exp(x[c] - highest); });
      const T sum = vector_sum<T>(a.c, [=](std::int64_t c) TL_INLINE { return y[c]; });
      const T log_sum = std::log(sum);
      if (a.logarithm) vector_loop(a.c, [=](std::int64_t c) TL_INLINE { y[c] = (x[c] - highest) - log_sum; });
      else vector_loop(a.c, [=](std::int64_t c) TL_INLINE { y[c] /= sum; });
    }
  });
}

template <class T> void run(Cpu, const kernels::SoftmaxBackward<T>& a) {
  parallel_vectorized<T, CpuIsa::avx2>(a.n, row_grain(a.c), [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const dy = a.dy + row * a.c;
      const T* const y = a.y + row * a.c;
      T* const dx = a.dx + row * a.c;
      if (a.logarithm) {
        const T sum = vector_sum<T>(a.c, [=](std::int64_t c) TL_INLINE { return dy[c]; });
        vector_loop(a.c, [=](std::int64_t c) TL_INLINE { dx[c] = dy[c] - exp(y[c]) * sum; });
      } else {
        const T sum = vector_sum<T>(a.c, [=](std::int64_t c) TL_INLINE { return dy[c] * y[c]; });
        vector_loop(a.c, [=](std::int64_t c) TL_INLINE { dx[c] = y[c] * (dy[c] - sum); });
      }
    }
  });
}

}  // namespace tl::cpu
