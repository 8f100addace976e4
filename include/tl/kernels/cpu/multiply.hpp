// CPU body of multiply.
#pragma once

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/multiply.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::Multiply<T>& args) {
  parallel_vectorized<T>(args.n, flat_grain, [args](std::int64_t begin, std::int64_t end) TL_INLINE {
    const T* const a = args.a + begin;
    const T* const b = args.b + begin;
    T* const y = args.y + begin;
    if (args.accumulate) vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { y[i] += a[i] * b[i]; });
    else vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { y[i] = a[i] * b[i]; });
  });
}

}  // namespace tl::cpu
