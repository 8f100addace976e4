// CPU bodies of sum; additions in double, rounded once.
#pragma once

#include <cstdint>

#include <tl/kernels/cpu/chunked_sum.hpp>
#include <tl/kernels/sum.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::SumForward<T>& a) {
  const double sum = chunked_sum<T>(a.n, [x = a.x](std::int64_t i) TL_INLINE { return static_cast<double>(x[i]); });
  *a.y = static_cast<T>(static_cast<double>(a.scale) * sum);
}

template <class T> void run(Cpu, const kernels::SumBackward<T>& a) {
  parallel_vectorized<T>(a.n, flat_grain, [a](std::int64_t begin, std::int64_t end) TL_INLINE {
    vector_loop(end - begin, [dx = a.dx + begin, value = a.scale * *a.dy](std::int64_t i) TL_INLINE { dx[i] = value; });
  });
}

}  // namespace tl::cpu
