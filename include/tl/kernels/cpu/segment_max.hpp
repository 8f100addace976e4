// CPU bodies of segment_max: segments in parallel, the rows of a segment in order.
#pragma once

#include <algorithm>

#include <tl/core/finite.hpp>
#include <tl/core/parallel.hpp>
#include <tl/kernels/segment_max.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::SegmentMaxForward<T>& a) {
  parallel_for(a.b, 1, [&a](std::int64_t begin, std::int64_t end) {
    for (std::int64_t segment = begin; segment < end; ++segment) {
      T* const y = a.y + segment * a.d;
      std::int32_t* const argmax = a.argmax + segment * a.d;
      std::fill_n(y, a.d, T(0));
      std::fill_n(argmax, a.d, -1);
      for (std::int32_t row = a.cu_seqlens[segment]; row < a.cu_seqlens[segment + 1]; ++row)
        for (std::int64_t i = 0; i < a.d; ++i) {
          const T x = a.x[row * a.d + i];
          // A comparison alone would pass over a NaN, which has to reach the loss.
          const bool larger = x > y[i] || tl::detail::is_nan(x);
          if (argmax[i] >= 0 && (!larger || tl::detail::is_nan(y[i]))) continue;
          y[i] = x;
          argmax[i] = row;
        }
    }
  });
}

template <class T> void run(Cpu, const kernels::SegmentMaxBackward<T>& a) {
  std::fill_n(a.dx, a.n * a.d, T(0));
  for (std::int64_t segment = 0; segment < a.b; ++segment)
    for (std::int64_t i = 0; i < a.d; ++i)
      if (const std::int32_t row = a.argmax[segment * a.d + i]; row >= 0) a.dx[row * a.d + i] = a.dy[segment * a.d + i];
}

}  // namespace tl::cpu
