// CPU body of add.
#pragma once

#include <tl/kernels/add.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::Add<T>& args) {
  parallel_vectorized<T>(args.n, flat_grain, [args](std::int64_t begin, std::int64_t end) TL_INLINE {
    vector_loop(end - begin, [a = args.a.own() + begin, b = args.b.own() + begin, y = args.y.own() + begin,
                              alpha = args.alpha](std::int64_t i) TL_INLINE { y[i] = a[i] + alpha * b[i]; });
  });
}

}  // namespace tl::cpu
