// Contract of softmax cross-entropy, averaged over the rows whose label is not ignore_index:
// loss = mean of (1 - s) (-log p[label]) + s mean_c(-log p[c]), with s = label_smoothing and p = softmax(logits).
// With class weights w, rows count by the weight of their label, and the mean is the sum over the rows divided by the
// sum of these weights:
//
//   loss = sum of (1 - s) w[label] (-log p[label]) + s mean_c(-w[c] log p[c]), over the sum of w[label]
//
// With g = focal_gamma > 0 and s = 0, rows that are right already count less: each row's term is multiplied by
// (1 - p[label])^g. Source: Lin et al. 2017, arXiv:1708.02002.
//
// Without any row to count the loss is NaN, as in the reference, and dlogits are zeros. loss, probabilities and dlogits
// are overwritten. Labels and weights are checked by the caller.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct CrossEntropyForward {
  static constexpr const char* name = "cross_entropy_forward";

  const T* logits;             // [B, C]
  const std::int64_t* labels;  // [B]
  T* probabilities;            // [B, C], saved for the backward pass
  T* loss;                     // [1]
  std::int64_t b, c;
  std::int64_t ignore_index = -100;
  double label_smoothing = 0.0;
  const T* weights = nullptr;  // [C], at least 0; null: all are 1
  double focal_gamma = 0.0;
};

template <class T> struct CrossEntropyBackward {
  static constexpr const char* name = "cross_entropy_backward";

  const T* dloss;              // [1]
  const T* probabilities;      // [B, C]
  const std::int64_t* labels;  // [B]
  T* dlogits;                  // [B, C], overwritten
  std::int64_t b, c;
  std::int64_t ignore_index = -100;
  double label_smoothing = 0.0;
  const T* weights = nullptr;  // [C], at least 0; null: all are 1
  double focal_gamma = 0.0;
};

}  // namespace tl::kernels
