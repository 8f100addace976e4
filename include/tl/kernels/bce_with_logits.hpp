// Contract of the binary cross-entropy of logits: loss = mean of -t log(s) - (1 - t) log(1 - s) with s = sigmoid(x).
// With pos_weight w of C classes, the first term of an element of class c is multiplied by w[c]; n is then B C
// elements, row by row. loss and dx are overwritten.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct BceWithLogitsForward {
  static constexpr const char* name = "bce_with_logits_forward";

  const T* logits;  // [n]
  const T* target;  // [n]
  T* loss;          // [1]
  std::int64_t n;
  const T* pos_weight = nullptr;  // [C]; null: all are 1
  std::int64_t c = 1;             // of pos_weight; divides n
};

template <class T> struct BceWithLogitsBackward {
  static constexpr const char* name = "bce_with_logits_backward";

  const T* dloss;   // [1]
  const T* logits;  // [n]
  const T* target;  // [n]
  T* dlogits;       // [n]
  std::int64_t n;
  const T* pos_weight = nullptr;  // [C]; null: all are 1
  std::int64_t c = 1;             // of pos_weight; divides n
};

}  // namespace tl::kernels
