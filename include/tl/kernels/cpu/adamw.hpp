// CPU bodies of AdamW, bit for bit the vector loop of the reference's fused step. (Its loop over the last few elements
// of a tensor, those after the last whole vector, is contracted differently by its compiler; here all elements are
// equal.) A product that must be rounded before it is added or subtracted is written fma(a, b, -0.0): a compiler may
// contract a * b + c, but not that.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

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

/// The arithmetic of one element.
template <class T> struct AdamWElement {
  kernels::AdamWConstants<T> constants;

  TL_INLINE T exp_avg(T g, T m) const { return std::fma(constants.toward1, g - m, m); }
  TL_INLINE T exp_avg_sq(T g, T v) const {
    return std::fma(rounded_product(constants.toward2, g), g, rounded_product(constants.beta2, v));
  }
  TL_INLINE T parameter(T p, T m, T root, const kernels::AdamWFactors<T>& step) const {
    return rounded_product(p, step.keep) -
           rounded_product(step.step_size, m) / (root / step.root_correction2 + constants.eps);
  }
};

}  // namespace detail

template <class T> void run(Cpu, const kernels::AdamW<T>& a) {
  const detail::AdamWElement<T> element{kernels::adamw_constants<T>(a.beta1, a.beta2, a.eps)};
  const auto scalars = kernels::adamw_scalars(a, a.state ? kernels::AdamWFactors<T>{} : kernels::adamw_factors(a));
  if (!scalars.apply) return;
  const kernels::AdamWFactors<T> factors = scalars.factors;
  parallel_vectorized<T>(a.n, flat_grain,
                         [=, scale = scalars.gradient_scale](std::int64_t begin, std::int64_t end) TL_INLINE {
                           const auto update_moments = [=](std::int64_t i) TL_INLINE {
                             const T g = detail::rounded_product(scale, a.gradient[i]);
                             a.exp_avg[i] = element.exp_avg(g, a.exp_avg[i]);
                             a.exp_avg_sq[i] = element.exp_avg_sq(g, a.exp_avg_sq[i]);
                           };
                           const auto update_parameter = [=](std::int64_t i, T root) TL_INLINE {
                             a.parameter[i] = element.parameter(a.parameter[i], a.exp_avg[i], root, factors);
                           };
                           std::int64_t i = begin;
                           for (; i + vector_lanes <= end; i += vector_lanes) {
                             T root[vector_lanes];
                             TL_INDEPENDENT_ITERATIONS
                             for (std::int64_t lane = 0; lane < vector_lanes; ++lane) update_moments(i + lane);
                             detail::sqrt_lanes(a.exp_avg_sq + i, root);
                             TL_INDEPENDENT_ITERATIONS
                             for (std::int64_t lane = 0; lane < vector_lanes; ++lane)
                               update_parameter(i + lane, root[lane]);
                           }
                           for (; i < end; ++i) {
                             update_moments(i);
                             update_parameter(i, std::sqrt(a.exp_avg_sq[i]));
                           }
                         });
  if (a.rounded) convert_elements(Stored<const T>(a.parameter), a.rounded, a.rounded_n);
}

template <class T> void run(Cpu, const kernels::AdamWDeferred<T>& a) {
  const detail::AdamWElement<T> element{kernels::adamw_constants<T>(a.beta1, a.beta2, a.eps)};
  parallel_vectorized<T, CpuIsa::avx2>(a.count, 8, [=](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t index = begin; index < end; ++index) {
      const std::int64_t row = a.rows[index];
      for (std::int64_t i = 0; i < a.width; i += vector_lanes) {
        const std::int64_t lanes = std::min(vector_lanes, a.width - i), at = row * a.width + i;
        T p[vector_lanes] = {}, m[vector_lanes] = {}, v[vector_lanes] = {};
        bool at_rest = true;  // both moments zero: they stay zero, and only the decay acts
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
          p[lane] = a.parameter[at + lane];
          m[lane] = a.exp_avg[at + lane];
          v[lane] = a.exp_avg_sq[at + lane];
          at_rest = at_rest && m[lane] == T(0) && v[lane] == T(0);
        }
        for (std::int64_t step = a.seen[row]; step < a.end; ++step) {
          const kernels::AdamWFactors<T> factors = a.steps[step];
          if (at_rest) {
            for (std::int64_t lane = 0; lane < vector_lanes; ++lane)
              p[lane] = detail::rounded_product(p[lane], factors.keep);
            continue;
          }
          T root[vector_lanes];
          for (std::int64_t lane = 0; lane < vector_lanes; ++lane) {
            m[lane] = element.exp_avg(T(0), m[lane]);
            v[lane] = element.exp_avg_sq(T(0), v[lane]);
          }
          detail::sqrt_lanes(v, root);
          for (std::int64_t lane = 0; lane < vector_lanes; ++lane)
            p[lane] = element.parameter(p[lane], m[lane], root[lane], factors);
        }
        for (std::int64_t lane = 0; lane < lanes; ++lane) a.parameter[at + lane] = p[lane];
        if (at_rest) continue;  // zeros that were never written need no memory
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
          a.exp_avg[at + lane] = m[lane];
          a.exp_avg_sq[at + lane] = v[lane];
        }
      }
    }
  });
}

}  // namespace tl::cpu
