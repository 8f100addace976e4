// CPU body of AdamW, bit for bit the vector loop of the reference's fused step. (Its loop over the last few elements of
// a tensor, those after the last whole vector, is contracted differently by its compiler; here all elements are equal.)
// A product that must be rounded before it is added or subtracted is written fma(a, b, -0.0): a compiler may contract
// a * b + c, but not that.
#pragma once

#include <cmath>
#include <cstdint>

#include <tl/cpu/vector_loops.hpp>
#include <tl/kernels/adamw.hpp>

#ifdef TL_X86_64
#include <emmintrin.h>
#endif

namespace tl::cpu {

namespace detail {

template <class T> TL_INLINE inline T rounded_product(T a, T b) { return std::fma(a, b, T(-0.0)); }

/// root[i] = sqrt(x[i]) for one group of lanes. std::sqrt may set errno, which keeps compilers from vectorising it.
template <class T> TL_INLINE inline void sqrt_lanes(const T* x, T* root) {
#ifdef TL_X86_64
  if constexpr (sizeof(T) == sizeof(float)) {
    for (std::int64_t i = 0; i < vector_lanes; i += 4) _mm_storeu_ps(root + i, _mm_sqrt_ps(_mm_loadu_ps(x + i)));
    return;
  }
#endif
  for (std::int64_t i = 0; i < vector_lanes; ++i) root[i] = std::sqrt(x[i]);
}

}  // namespace detail

template <class T> void adamw(const kernels::AdamW<T>& a) {
  const double correction1 = 1.0 - std::pow(a.beta1, static_cast<double>(a.step));
  const double correction2 = 1.0 - std::pow(a.beta2, static_cast<double>(a.step));
  const T keep = static_cast<T>(1.0 - a.lr * a.weight_decay), step_size = static_cast<T>(a.lr / correction1);
  const T toward1 = static_cast<T>(1.0 - a.beta1), toward2 = static_cast<T>(1.0 - a.beta2);
  const T beta2 = static_cast<T>(a.beta2), eps = static_cast<T>(a.eps);
  const T root_correction2 = static_cast<T>(std::sqrt(correction2));
  parallel_vectorized<T>(a.n, flat_grain, [=](std::int64_t begin, std::int64_t end) TL_INLINE {
    const auto update_moments = [=](std::int64_t i) TL_INLINE {
      const T g = detail::rounded_product(a.gradient_scale, a.gradient[i]);
      a.exp_avg[i] = std::fma(toward1, g - a.exp_avg[i], a.exp_avg[i]);
      a.exp_avg_sq[i] =
          std::fma(detail::rounded_product(toward2, g), g, detail::rounded_product(beta2, a.exp_avg_sq[i]));
    };
    const auto update_parameter = [=](std::int64_t i, T root) TL_INLINE {
      const T step = detail::rounded_product(step_size, a.exp_avg[i]) / (root / root_correction2 + eps);
      a.parameter[i] = detail::rounded_product(a.parameter[i], keep) - step;
    };
    std::int64_t i = begin;
    for (; i + vector_lanes <= end; i += vector_lanes) {
      T root[vector_lanes];
      TL_INDEPENDENT_ITERATIONS
      for (std::int64_t lane = 0; lane < vector_lanes; ++lane) update_moments(i + lane);
      detail::sqrt_lanes(a.exp_avg_sq + i, root);
      TL_INDEPENDENT_ITERATIONS
      for (std::int64_t lane = 0; lane < vector_lanes; ++lane) update_parameter(i + lane, root[lane]);
    }
    for (; i < end; ++i) {
      update_moments(i);
      update_parameter(i, std::sqrt(a.exp_avg_sq[i]));
    }
  });
}

}  // namespace tl::cpu
