// Contract of AdamW: one update of a flat range, in the order of the reference's fused CPU step (each operation rounded
// to T): p *= 1 - lr * weight_decay; m = fma(1 - beta1, g - m, m); v = fma((1 - beta2) g, g, beta2 v); p -= (lr / (1 -
// beta1^step)) m / (sqrt(v) / sqrt(1 - beta2^step) + eps), with g = gradient_scale * gradient. Scalars are computed in
// double and rounded once. Source: Loshchilov, Hutter 2019, arXiv:1711.05101, algorithm 2.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct AdamW {
  static constexpr const char* name = "adamw";

  T* parameter;       // [n], updated
  const T* gradient;  // [n]
  T* exp_avg;         // [n], updated: first moment m
  T* exp_avg_sq;      // [n], updated: second moment v
  std::int64_t n;
  double lr, beta1, beta2, eps, weight_decay;
  std::int64_t step;        // 1 for the first update
  T gradient_scale = T(1);  // the clipping coefficient
};

/// The factors of an update that change from step to step.
template <class T> struct AdamWFactors {
  T keep;              // 1 - lr * weight_decay
  T step_size;         // lr / (1 - beta1^step)
  T root_correction2;  // sqrt(1 - beta2^step)
};

/// Updates that were deferred because the gradient was zero, for some rows of a table: the same bits as if they had
/// been made one by one.
template <class T> struct AdamWDeferred {
  static constexpr const char* name = "adamw_deferred";

  T* parameter;              // [V, width], updated
  T* exp_avg;                // [V, width], updated
  T* exp_avg_sq;             // [V, width], updated
  const std::int32_t* rows;  // [count], each once
  const std::int64_t* seen;  // [V], how many of `steps` a row has had
  const AdamWFactors<T>* steps;
  std::int64_t count, width, end;  // of `steps`
  double beta1, beta2, eps;
};

}  // namespace tl::kernels
