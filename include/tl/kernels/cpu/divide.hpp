// CPU bodies of divide.
#pragma once

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/divide.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::DivideForward<T>& args) {
  parallel_vectorized<T, CpuIsa::avx2>(args.n, flat_grain, [args](std::int64_t begin, std::int64_t end) TL_INLINE {
    vector_loop(end - begin, [a = args.a + begin, b = args.b + begin, y = args.y + begin](std::int64_t i)
                                 TL_INLINE { y[i] = a[i] / b[i]; });
  });
}

template <class T> void run(Cpu, const kernels::DivideBackward<T>& args) {
  parallel_vectorized<T, CpuIsa::avx2>(args.n, flat_grain, [args](std::int64_t begin, std::int64_t end) TL_INLINE {
    const T* const dy = args.dy + begin;
    const T* const b = args.b + begin;
    const T* const y = args.y + begin;
    if (args.da)
      vector_loop(end - begin, [=, da = args.da + begin](std::int64_t i) TL_INLINE { da[i] = dy[i] / b[i]; });
    if (args.db)
      vector_loop(end - begin, [=, db = args.db + begin](std::int64_t i) TL_INLINE { db[i] = -dy[i] * y[i] / b[i]; });
  });
}

}  // namespace tl::cpu
