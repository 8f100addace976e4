// CPU bodies of the binary cross-entropy of logits; the loss is summed in double.
#pragma once

#include <algorithm>
#include <cmath>

#include <tl/kernels/bce_with_logits.hpp>
#include <tl/kernels/cpu/chunked_sum.hpp>
#include <tl/kernels/cpu/vector_math.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::BceWithLogitsForward<T>& a) {
  // max(x, 0) - x t + log(1 + e^-|x|) never overflows.
  const double sum = chunked_sum<T>(a.n, [logits = a.logits, target = a.target](std::int64_t i) TL_INLINE {
    const double x = static_cast<double>(logits[i]);
    return std::max(x, 0.0) - x * static_cast<double>(target[i]) + std::log1p(std::exp(-std::abs(x)));
  });
  *a.loss = static_cast<T>(sum / static_cast<double>(a.n));
}

template <class T> void run(Cpu, const kernels::BceWithLogitsBackward<T>& a) {
  const T scale = *a.dloss / static_cast<T>(a.n);
  parallel_vectorized<T, CpuIsa::avx2>(a.n, flat_grain, [a, scale](std::int64_t begin, std::int64_t end) TL_INLINE {
    vector_loop(end - begin,
                [=, x = a.logits + begin, target = a.target + begin, dx = a.dlogits + begin](std::int64_t i)
                    TL_INLINE { dx[i] = scale * (T(1) / (T(1) + exp(-x[i])) - target[i]); });
  });
}

}  // namespace tl::cpu
