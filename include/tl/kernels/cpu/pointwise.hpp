// CPU bodies of the pointwise functions.
#pragma once

#include <cmath>

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/cpu/vector_math.hpp>
#include <tl/kernels/pointwise.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::PointwiseForward<T>& args) {
  parallel_vectorized<T, CpuIsa::avx2>(args.n, flat_grain, [args](std::int64_t begin, std::int64_t end) TL_INLINE {
    const T* const x = args.x + begin;
    T* const y = args.y + begin;
    switch (args.function) {
      case kernels::Pointwise::exp:
        return vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { y[i] = exp(x[i]); });
      case kernels::Pointwise::log:
        return vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { y[i] = std::log(x[i]); });
      case kernels::Pointwise::sigmoid:
        return vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { y[i] = T(1) / (T(1) + exp(-x[i])); });
    }
  });
}

template <class T> void run(Cpu, const kernels::PointwiseBackward<T>& args) {
  parallel_vectorized<T, CpuIsa::avx2>(args.n, flat_grain, [args](std::int64_t begin, std::int64_t end) TL_INLINE {
    const T* const dy = args.dy + begin;
    const T* const saved = args.saved + begin;
    T* const dx = args.dx + begin;
    switch (args.function) {
      case kernels::Pointwise::exp:
        return vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { dx[i] = dy[i] * saved[i]; });
      case kernels::Pointwise::log:
        return vector_loop(end - begin, [=](std::int64_t i) TL_INLINE { dx[i] = dy[i] / saved[i]; });
      case kernels::Pointwise::sigmoid:
        return vector_loop(end - begin,
                           [=](std::int64_t i) TL_INLINE { dx[i] = dy[i] * saved[i] * (T(1) - saved[i]); });
    }
  });
}

}  // namespace tl::cpu
