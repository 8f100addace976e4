// Softmax cross-entropy on the GPU: one warp per row, then one block of threads that adds the rows in a fixed order and
// in double. A label that is neither a class nor ignore_index makes the loss and its row's gradient NaN: labels on
// a device are not checked before, and memory beside a row must not be read as a logit.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <tl/kernels/cross_entropy.hpp>
#include <tl/kernels/cuda/softmax.cuh>
#include <tl/kernels/cuda/total_sum.cuh>

namespace tl::cuda {

/// What a row counts by, and which classes its label can be: `Contract` is forward or backward.
template <class Contract> struct CountedRow {
  std::int64_t label;
  bool ignored, is_class;
  __device__ CountedRow(const Contract& p, std::int64_t row)
      : label(p.labels[row]), ignored(label == p.ignore_index), is_class(label >= 0 && label < p.c) {}
};

template <class Contract> static __device__ double class_weight(const Contract& p, std::int64_t c) {
  return p.weights ? static_cast<double>(p.weights[c]) : 1.0;
}

/// The term of the number, or weight, of the rows that count. A label that is no class counts as 1, so that the sum
/// stays a number and the NaN of its row alone tells of it.
template <class Contract> struct RowWeightTerm {
  Contract p;
  __device__ double operator()(std::int64_t row) const {
    const CountedRow<Contract> at(p, row);
    return at.ignored ? 0.0 : at.is_class ? class_weight(p, at.label) : 1.0;
  }
};

/// 1 - p[label] as the sum of the others, which keeps its digits where p[label] is almost 1. For the calling warp; each
/// lane reads what it wrote itself.
template <class T>
static __device__ double probability_of_others(const T* p, std::int64_t classes, std::int64_t label) {
  double sum = 0.0;
  for (std::int64_t c = threadIdx.x % warp_size; c < classes; c += warp_size)
    sum += c == label ? 0.0 : static_cast<double>(p[c]);
  return warp_sum(sum);
}

/// A row's term of the loss, for the calling warp; `probabilities` of the row are written.
template <class T>
static __device__ double cross_entropy_of_row(const kernels::CrossEntropyForward<T>& p, std::int64_t row) {
  const T* x = p.logits + row * p.c;
  T* probabilities = p.probabilities + row * p.c;
  const std::int64_t lane = threadIdx.x % warp_size;
  const SoftmaxOfRow<T> of = softmax_of_row(x, p.c);
  for (std::int64_t c = lane; c < p.c; c += warp_size) probabilities[c] = std::exp(x[c] - of.highest) / of.sum;
  const double log_sum = static_cast<double>(of.highest) + std::log(static_cast<double>(of.sum));
  const CountedRow<kernels::CrossEntropyForward<T>> at(p, row);
  if (at.ignored) return 0.0;
  if (!at.is_class) return std::numeric_limits<double>::quiet_NaN();
  const double of_label = class_weight(p, at.label) * (log_sum - static_cast<double>(x[at.label]));
  if (p.focal_gamma != 0.0)
    return std::pow(probability_of_others(probabilities, p.c, at.label), p.focal_gamma) * of_label;
  if (p.label_smoothing == 0.0) return of_label;
  double of_all = 0.0;
  for (std::int64_t c = lane; c < p.c; c += warp_size)
    of_all += class_weight(p, c) * (log_sum - static_cast<double>(x[c]));
  const double smoothing = p.label_smoothing;
  return (1.0 - smoothing) * of_label + smoothing * warp_sum(of_all) / static_cast<double>(p.c);
}

template <class T> static __global__ void cross_entropy_rows_kernel(kernels::CrossEntropyForward<T> p, double* losses) {
  const std::int64_t row = softmax_row();
  if (row >= p.b) return;
  const double loss = cross_entropy_of_row(p, row);
  if (threadIdx.x % warp_size == 0) losses[row] = loss;
}

/// The mean over the rows that count; NaN if none does.
template <class T> struct WriteMeanLoss {
  T* loss;
  const double* weight;
  __device__ void operator()(double sum) const { *loss = static_cast<T>(sum / *weight); }
};

/// d(1 - p)^g (-log p) over d(-log p), for the probability p of the label and q = 1 - p.
static __device__ double focal_slope(double p, double q, double gamma) {
  if (gamma == 0.0) return 1.0;
  if (q <= 0.0) return 0.0;
  const double p_log_p = p > 0.0 ? p * std::log(p) : 0.0;
  return std::pow(q, gamma) - gamma * std::pow(q, gamma - 1.0) * p_log_p;
}

template <class T>
static __global__ void cross_entropy_backward_kernel(kernels::CrossEntropyBackward<T> p, const double* weight) {
  const std::int64_t row = softmax_row(), lane = threadIdx.x % warp_size;
  if (row >= p.b) return;
  const T* probabilities = p.probabilities + row * p.c;
  T* dlogits = p.dlogits + row * p.c;
  const CountedRow<kernels::CrossEntropyBackward<T>> at(p, row);
  if (at.ignored || !at.is_class) {
    const T value = at.ignored ? T(0) : std::numeric_limits<T>::quiet_NaN();
    for (std::int64_t c = lane; c < p.c; c += warp_size) dlogits[c] = value;
    return;
  }
  double all = 0.0;
  for (std::int64_t c = lane; c < p.c; c += warp_size) all += class_weight(p, c);
  all = warp_sum(all);
  const double scale = *weight > 0.0 ? static_cast<double>(*p.dloss) / *weight : 0.0;
  const double spread = p.label_smoothing / static_cast<double>(p.c);
  const double others = probability_of_others(probabilities, p.c, at.label);
  const double of_label = (1.0 - p.label_smoothing) * class_weight(p, at.label) *
                          focal_slope(static_cast<double>(probabilities[at.label]), others, p.focal_gamma);
  for (std::int64_t c = lane; c < p.c; c += warp_size) {
    const double p_c = static_cast<double>(probabilities[c]), difference = c == at.label ? -others : p_c;
    dlogits[c] = static_cast<T>(scale * (of_label * difference + spread * (all * p_c - class_weight(p, c))));
  }
}

/// How the kernels of one warp per row are started.
template <class Contract> static Launch cross_entropy_launch(const Contract& p) {
  return {.operation = p.name,
          .shape = Shape{p.b, p.c},
          .blocks = blocks_for(p.b, softmax_rows_per_block),
          .threads = softmax_threads};
}

/// Writes the weight of the rows that count.
template <class Contract> static void sum_row_weights(const Contract& p, double* weight) {
  sum_all(p.name, p.b, RowWeightTerm<Contract>{p}, WriteScaledSum<double>{.result = weight});
}

template <class T> static void cross_entropy_forward(const kernels::CrossEntropyForward<T>& p) {
  const Workspace<double> workspace(p.b + 1);
  double *weight = workspace.data(), *losses = weight + 1;
  sum_row_weights(p, weight);
  launch(cross_entropy_launch(p), cross_entropy_rows_kernel<T>, p, losses);
  sum_all(p.name, p.b, ElementTerm<double>{losses}, WriteMeanLoss<T>{p.loss, weight});
}

template <class T> static void cross_entropy_backward(const kernels::CrossEntropyBackward<T>& p) {
  const Workspace<double> weight(1);
  sum_row_weights(p, weight.data());
  launch(cross_entropy_launch(p), cross_entropy_backward_kernel<T>, p, static_cast<const double*>(weight.data()));
}

[[maybe_unused]] static const bool cross_entropy_registered = [] {
  kernels::provide_cuda(&cross_entropy_forward<float>, &cross_entropy_forward<double>, &cross_entropy_backward<float>,
                        &cross_entropy_backward<double>);
  return true;
}();

}  // namespace tl::cuda
