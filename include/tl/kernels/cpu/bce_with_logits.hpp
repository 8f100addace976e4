// CPU bodies of the binary cross-entropy of logits; the loss is summed in double. With pos_weight the loops are others,
// in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <tl/kernels/bce_with_logits.hpp>
#include <tl/kernels/cpu/chunked_sum.hpp>
#include <tl/kernels/cpu/vector_math.hpp>

namespace tl::cpu {

namespace detail {

// -t w log(s) - (1 - t) log(1 - s) = (1 - t) x + (1 + (w - 1) t) (log(1 + e^-|x|) + max(-x, 0))
template <class T> void weighted_bce(const kernels::BceWithLogitsForward<T>& a) {
  std::vector<double> losses(static_cast<std::size_t>(a.n / a.c));
  parallel_for(a.n / a.c, row_grain(a.c), [a, loss = losses.data()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * a.c; i < end * a.c; ++i) {
      const double x = static_cast<double>(a.logits[i]), t = static_cast<double>(a.target[i]);
      const double factor = 1.0 + (static_cast<double>(a.pos_weight[i % a.c]) - 1.0) * t;
      loss[i / a.c] += (1.0 - t) * x + factor * (std::log1p(std::exp(-std::abs(x))) + std::max(-x, 0.0));
    }
  });
  double sum = 0.0;
  for (const double loss : losses) sum += loss;
  *a.loss = static_cast<T>(sum / static_cast<double>(a.n));
}

template <class T> void weighted_bce(const kernels::BceWithLogitsBackward<T>& a) {
  const double scale = static_cast<double>(*a.dloss) / static_cast<double>(a.n);
  parallel_for(a.n / a.c, row_grain(a.c), [a, scale](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * a.c; i < end * a.c; ++i) {
      const double x = static_cast<double>(a.logits[i]), t = static_cast<double>(a.target[i]);
      const double weighted = static_cast<double>(a.pos_weight[i % a.c]) * t;
      a.dlogits[i] = static_cast<T>(scale * ((weighted + 1.0 - t) / (1.0 + std::exp(-x)) - weighted));
    }
  });
}

}  // namespace detail

template <class T> void run(Cpu, const kernels::BceWithLogitsForward<T>& a) {
  if (a.pos_weight != nullptr) return detail::weighted_bce(a);
  // max(x, 0) - x t + log(1 + e^-|x|) never overflows.
  const double sum = chunked_sum<T>(a.n, [logits = a.logits, target = a.target](std::int64_t i) TL_INLINE {
    const double x = static_cast<double>(logits[i]);
    return std::max(x, 0.0) - x * static_cast<double>(target[i]) + std::log1p(std::exp(-std::abs(x)));
  });
  *a.loss = static_cast<T>(sum / static_cast<double>(a.n));
}

template <class T> void run(Cpu, const kernels::BceWithLogitsBackward<T>& a) {
  if (a.pos_weight != nullptr) return detail::weighted_bce(a);
  const T scale = *a.dloss / static_cast<T>(a.n);
  parallel_vectorized<T, CpuIsa::avx2>(a.n, flat_grain, [a, scale](std::int64_t begin, std::int64_t end) TL_INLINE {
    vector_loop(end - begin,
                [=, x = a.logits + begin, target = a.target + begin, dx = a.dlogits + begin](std::int64_t i)
                    TL_INLINE { dx[i] = scale * (T(1) / (T(1) + exp(-x[i])) - target[i]); });
  });
}

}  // namespace tl::cpu
