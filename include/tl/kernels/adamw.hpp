// Contract of one AdamW update of a flat range, in the order of the reference's fused CPU step (each operation rounded
// to T): p *= 1 - lr * weight_decay; m = fma(1 - beta1, g - m, m); v = fma((1 - beta2) g, g, beta2 v); p -= (lr / (1 -
// beta1^step)) m / (sqrt(v) / sqrt(1 - beta2^step) + eps), with g = gradient_scale * gradient. Scalars are computed in
// double and rounded once. Source: Loshchilov, Hutter 2019, arXiv:1711.05101, algorithm 2.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct AdamW {
  T* parameter;       // [n], updated
  const T* gradient;  // [n]
  T* exp_avg;         // [n], updated: first moment m
  T* exp_avg_sq;      // [n], updated: second moment v
  std::int64_t n;
  double lr, beta1, beta2, eps, weight_decay;
  std::int64_t step;        // 1 for the first update
  T gradient_scale = T(1);  // the clipping coefficient
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void adamw(const kernels::AdamW<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T> inline constinit Slot<AdamW<T>> adamw{"adamw", &cpu::adamw<T>};
}  // namespace tl::kernels
