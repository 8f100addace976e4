// CPU bodies of softmax cross-entropy: rows in parallel with the row's maximum subtracted; the loss is summed over the
// rows in order and in double, then rounded. Class weights and focal loss have loops of their own, in double: the
// others stay as they are, bit for bit.
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

/// p = softmax(x) over C classes; returns the logarithm of the sum of exp(x).
template <class T> double softmax_row(const T* x, T* p, std::int64_t classes) {
  const T highest = *std::max_element(x, x + classes);
  T sum = T(0);
  for (std::int64_t c = 0; c < classes; ++c) sum += p[c] = std::exp(x[c] - highest);
  for (std::int64_t c = 0; c < classes; ++c) p[c] /= sum;
  return static_cast<double>(highest) + std::log(static_cast<double>(sum));
}

/// What rows count by: `a` is a forward or a backward contract.
template <class Contract> struct RowWeights {
  const Contract& a;

  bool any() const { return a.weights != nullptr || a.focal_gamma != 0.0; }
  double of_class(std::int64_t c) const { return a.weights != nullptr ? static_cast<double>(a.weights[c]) : 1.0; }
  double of_all_classes() const {
    double sum = 0.0;
    for (std::int64_t c = 0; c < a.c; ++c) sum += of_class(c);
    return sum;
  }
  /// Sum over the rows that count.
  double of_rows() const {
    double sum = 0.0;
    for (std::int64_t row = 0; row < a.b; ++row)
      if (a.labels[row] != a.ignore_index) sum += of_class(a.labels[row]);
    return sum;
  }
};

/// 1 - p[label], as the sum of the others: it keeps its digits where p[label] is almost 1.
template <class T> double probability_of_others(const T* p, std::int64_t classes, std::int64_t label) {
  double sum = 0.0;
  for (std::int64_t c = 0; c < classes; ++c) sum += c == label ? 0.0 : static_cast<double>(p[c]);
  return sum;
}

template <class T> void weighted_cross_entropy(const kernels::CrossEntropyForward<T>& a) {
  const RowWeights<kernels::CrossEntropyForward<T>> weights{a};
  std::vector<double> losses(static_cast<std::size_t>(a.b));
  parallel_for(a.b, row_grain(a.c), [a, weights, loss = losses.data()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const x = a.logits + row * a.c;
      T* const p = a.probabilities + row * a.c;
      const double log_sum = softmax_row(x, p, a.c);
      const std::int64_t label = a.labels[row];
      if (label == a.ignore_index) continue;
      const double of_label = weights.of_class(label) * (log_sum - static_cast<double>(x[label]));
      if (a.focal_gamma != 0.0) {
        loss[row] = std::pow(probability_of_others(p, a.c, label), a.focal_gamma) * of_label;
        continue;
      }
      loss[row] = (1.0 - a.label_smoothing) * of_label;
      if (a.label_smoothing == 0.0) continue;
      double of_all = 0.0;
      for (std::int64_t c = 0; c < a.c; ++c) of_all += weights.of_class(c) * (log_sum - static_cast<double>(x[c]));
      loss[row] += a.label_smoothing * of_all / static_cast<double>(a.c);
    }
  });
  double sum = 0.0;
  for (const double loss : losses) sum += loss;
  *a.loss = static_cast<T>(sum / weights.of_rows());
}

/// d(1 - p)^g (-log p) over d(-log p), for the probability p of the label and q = 1 - p.
inline double focal_slope(double p, double q, double gamma) {
  if (gamma == 0.0) return 1.0;
  if (q <= 0.0) return 0.0;
  const double p_log_p = p > 0.0 ? p * std::log(p) : 0.0;
  return std::pow(q, gamma) - gamma * std::pow(q, gamma - 1.0) * p_log_p;
}

template <class T> void weighted_cross_entropy(const kernels::CrossEntropyBackward<T>& a) {
  const RowWeights<kernels::CrossEntropyBackward<T>> weights{a};
  const double sum = weights.of_rows(), scale = sum > 0.0 ? static_cast<double>(*a.dloss) / sum : 0.0;
  const double spread = a.label_smoothing / static_cast<double>(a.c), all = weights.of_all_classes();
  parallel_for(a.b, row_grain(a.c), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const p = a.probabilities + row * a.c;
      T* const dlogits = a.dlogits + row * a.c;
      const std::int64_t label = a.labels[row];
      if (label == a.ignore_index) {
        std::fill_n(dlogits, a.c, T(0));
        continue;
      }
      const double others = probability_of_others(p, a.c, label);
      const double of_label = (1.0 - a.label_smoothing) * weights.of_class(label) *
                              focal_slope(static_cast<double>(p[label]), others, a.focal_gamma);
      for (std::int64_t c = 0; c < a.c; ++c) {
        const double p_c = static_cast<double>(p[c]), difference = c == label ? -others : p_c;
        dlogits[c] = static_cast<T>(scale * (of_label * difference + spread * (all * p_c - weights.of_class(c))));
      }
    }
  });
}

}  // namespace detail

template <class T> void run(Cpu, const kernels::CrossEntropyForward<T>& a) {
  if (detail::RowWeights<kernels::CrossEntropyForward<T>>{a}.any()) return detail::weighted_cross_entropy(a);
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
  if (detail::RowWeights<kernels::CrossEntropyBackward<T>>{a}.any()) return detail::weighted_cross_entropy(a);
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
