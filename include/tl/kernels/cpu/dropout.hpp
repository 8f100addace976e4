// CPU body of dropout.
#pragma once

#include <tl/kernels/cpu/dropout_factors.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/dropout.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::Dropout<T>& a) {
  parallel_for(a.n, row_grain(a.d), [a](std::int64_t begin, std::int64_t end) {
    T* const factor = ones<T>(a.d);
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const x = a.x.own() + row * a.d;
      T* const y = a.y.own() + row * a.d;
      if (a.mask.active()) dropout_factors(a.mask, row, a.d, factor);
      vector_loop(a.d, [=](std::int64_t i) TL_INLINE { y[i] = x[i] * factor[i]; });
      round_row(y, a.d, a.precision);
    }
  });
}

}  // namespace tl::cpu
