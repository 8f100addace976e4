// CPU bodies of softmax cross-entropy: rows in parallel with the row's maximum subtracted; the loss is summed over the
// rows in order and in double, then rounded.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/cpu/vector_math.hpp>
#include <tl/kernels/cross_entropy.hpp>

namespace tl::cpu {

namespace detail {

inline std::int64_t counted_rows(const std::int64_t* labels, std::int64_t rows, std::int64_t ignore_index) {
  return rows - std::count(labels, labels + rows, ignore_index);
}

}  // namespace detail

template <class T> void run(Cpu, const kernels::CrossEntropyForward<T>& a) {
  std::vector<double> losses(static_cast<std::size_t>(a.b));
  parallel_vectorized<T, CpuIsa::avx2>(
      a.b, row_grain(a.c), [a, loss = losses.data()](std::int64_t begin, std::int64_t end) TL_INLINE {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* const x = a.logits + row * a.c;
          T* const p = a.probabilities + row * a.c;
          const T highest = *std::max_element(x, x + a.c);
          vector_loop(a.c, [=](std::int64_t c) TL_INLINE { p[c] = exp(x[c] - highest); });
          const T sum = vector_sum<T>(a.c, [=](std::int64_t c) TL_INLINE { return p[c]; });
          vector_loop(a.c, [=](std::int64_t c) TL_INLINE { p[c] /= sum; });
          const std::int64_t label = a.labels[row];
          if (label == a.ignore_index) continue;
          const double log_sum = static_cast<double>(highest) + std::log(static_cast<double>(sum));
          loss[row] = (1.0 - a.label_smoothing) * (log_sum - static_cast<double>(x[label]));
          if (a.label_smoothing == 0.0) continue;
          const double total =
              vector_sum<double>(a.c, [=](std::int64_t c) TL_INLINE { return static_cast<double>(x[c]); });
          loss[row] += a.label_smoothing * (log_sum - total / static_cast<double>(a.c));
        }
      });
  double sum = 0.0;
  for (const double loss : losses) sum += loss;
  *a.loss = static_cast<T>(sum / static_cast<double>(detail::counted_rows(a.labels, a.b, a.ignore_index)));
}

template <class T> void run(Cpu, const kernels::CrossEntropyBackward<T>& a) {
  const std::int64_t counted = detail::counted_rows(a.labels, a.b, a.ignore_index);
  const T scale = *a.dloss / static_cast<T>(std::max<std::int64_t>(counted, 1));
  parallel_for(a.b, row_grain(a.c), [a, scale](std::int64_t begin, std::int64_t end) {
    const T spread = static_cast<T>(a.label_smoothing / static_cast<double>(a.c));
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const p = a.probabilities + row * a.c;
      T* const dlogits = a.dlogits + row * a.c;
      const std::int64_t label = a.labels[row];
      if (label == a.ignore_index) {
        std::fill_n(dlogits, a.c, T(0));
        continue;
      }
      vector_loop(a.c, [=](std::int64_t c) TL_INLINE { dlogits[c] = scale * (p[c] - spread); });
      dlogits[label] = scale * (p[label] - spread - static_cast<T>(1.0 - a.label_smoothing));
    }
  });
}

}  // namespace tl::cpu
