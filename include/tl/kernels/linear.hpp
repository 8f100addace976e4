// Contract of linear: y = x W^T + b and its two backward products.
// y and dx (unless it is told to add) are overwritten; dweight (unless it is told to be the first) and dbias
// accumulate. In bf16 every operand is rounded to bfloat16 first; y is rounded once after the bias, and is left
// unrounded without a bias because the op that adds it will round. Gradients are left unrounded.
#pragma once

#include <cstdint>

#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/packed_weight_cache.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct LinearForward {
  static constexpr const char* name = "linear_forward";

  Stored<const T> x;       // [N, I]
  Stored<const T> weight;  // [O, I]
  const T* bias;           // [O], or null
  Stored<T> y;             // [N, O]
  std::int64_t n, in, out;
  Precision precision = Precision::f32;
  bfloat16* x_saved = nullptr;     // [N, I], x for the backward pass; or null
  PackedWeight* packed = nullptr;  // of these products with this weight; or null
};

template <class T> struct LinearBackwardInput {
  static constexpr const char* name = "linear_backward_input";

  Stored<const T> dy;      // [N, O]
  Stored<const T> weight;  // [O, I]
  Stored<T> dx;            // [N, I], overwritten unless `accumulate`
  std::int64_t n, in, out;
  Precision precision = Precision::f32;
  PackedWeight* packed = nullptr;  // of these products with this weight; or null
  bool accumulate = false;         // dx holds the sum of other gradients of x
};

template <class T> struct LinearBackwardWeight {
  static constexpr const char* name = "linear_backward_weight";

  Stored<const T> dy;  // [N, O]
  Stored<const T> x;   // [N, I]
  T* dweight;          // [O, I], accumulates unless `overwrite`; or null
  T* dbias;            // [O], accumulates; or null
  std::int64_t n, in, out;
  Precision precision = Precision::f32;
  bool overwrite = false;  // dweight holds nothing yet
};

}  // namespace tl::kernels
