// CPU body of squared_norm.
#pragma once

#include <tl/kernels/cpu/chunked_sum.hpp>
#include <tl/kernels/squared_norm.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::SquaredNorm<T>& a) {
  static_assert(kernels::squared_norm_chunk == flat_grain);
  const auto square = [x = a.x](std::int64_t i) TL_INLINE {
    const double value = static_cast<double>(x[i]);
    return value * value;
  };
  *a.result = chunked_sum<T>(a.n, square, a.active);
}

}  // namespace tl::cpu
