// CPU body of squared_norm.
#pragma once

#include <tl/cpu/chunked_sum.hpp>
#include <tl/kernels/squared_norm.hpp>

namespace tl::cpu {

template <class T> void squared_norm(const kernels::SquaredNorm<T>& a) {
  *a.result = chunked_sum<T>(a.n, [x = a.x](std::int64_t i) TL_INLINE {
    const double value = static_cast<double>(x[i]);
    return value * value;
  });
}

}  // namespace tl::cpu
