// The sum of a flat range in double: fixed chunks, added in order, so that the result does not depend on threads.
#pragma once

#include <cstdint>
#include <vector>

#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

/// Sum of term(i), a double, for i in [0, count); `term` must be always-inlined and reads elements of type T. Chunks of
/// flat_grain elements whose byte in `active` is 0 are known to be zero; null: none is.
template <class T, class Term>
double chunked_sum(std::int64_t count, const Term& term, const std::uint8_t* active = nullptr) {
  std::vector<double> partial(static_cast<std::size_t>((count + flat_grain - 1) / flat_grain));
  double* const out = partial.data();
  parallel_vectorized<T>(count, flat_grain, [=](std::int64_t begin, std::int64_t end) TL_INLINE {
    if (active && !active[begin / flat_grain]) return;
    out[begin / flat_grain] =
        vector_sum<double>(end - begin, [=](std::int64_t i) TL_INLINE { return term(begin + i); });
  });
  double sum = 0.0;
  for (const double value : partial) sum += value;
  return sum;
}

}  // namespace tl::cpu
