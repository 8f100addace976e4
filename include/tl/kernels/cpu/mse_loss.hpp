// CPU bodies of the mean squared error; additions in double, rounded once.
#pragma once

#include <tl/kernels/cpu/chunked_sum.hpp>
#include <tl/kernels/mse_loss.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::MseLossForward<T>& a) {
  const double sum = chunked_sum<T>(a.n, [x = a.x, target = a.target](std::int64_t i) TL_INLINE {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(target[i]);
    return difference * difference;
  });
  *a.loss = static_cast<T>(sum / static_cast<double>(a.n));
}

template <class T> void run(Cpu, const kernels::MseLossBackward<T>& a) {
  const T scale = T(2) * *a.dloss / static_cast<T>(a.n);
  parallel_vectorized<T, CpuIsa::avx2>(a.n, flat_grain, [a, scale](std::int64_t begin, std::int64_t end) TL_INLINE {
    vector_loop(end - begin, [=, x = a.x + begin, target = a.target + begin, dx = a.dx + begin](std::int64_t i)
                                 TL_INLINE { dx[i] = scale * (x[i] - target[i]); });
  });
}

}  // namespace tl::cpu
