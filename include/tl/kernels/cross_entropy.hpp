// Contract of softmax cross-entropy, averaged over the rows whose label is not ignore_index:
// loss = mean of (1 - s) (-log p[label]) + s mean_c(-log p[c]), with s = label_smoothing and p = softmax(logits).
// Without any row to count the loss is NaN, as in the reference. loss, probabilities and dlogits are overwritten.
// Labels are checked by the caller.
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
};

}  // namespace tl::kernels
