// AdamW on the GPU, in the order of kernels/adamw.hpp and with the CPU's bits; see rounded.cuh. One element per thread
// and turn.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/rounded.cuh>

namespace tl::cuda {

inline constexpr int adamw_threads = 256;
inline constexpr std::int64_t adamw_most_blocks = 4096;

/// One element in registers.
template <class T> struct AdamWElement {
  T parameter, exp_avg, exp_avg_sq;

  __device__ void update(T g, const kernels::AdamWConstants<T>& constants, const kernels::AdamWFactors<T>& factors) {
    const T decayed = rounded_product(parameter, factors.keep);
    exp_avg = fused(constants.toward1, rounded_sum(g, -exp_avg), exp_avg);
    exp_avg_sq = fused(rounded_product(constants.toward2, g), g, rounded_product(constants.beta2, exp_avg_sq));
    const T root = rounded_quotient(rounded_root(exp_avg_sq), factors.root_correction2);
    const T step = rounded_quotient(rounded_product(factors.step_size, exp_avg), rounded_sum(root, constants.eps));
    parameter = rounded_sum(decayed, -step);
  }
};

template <class T>
static __global__ void adamw_kernel(kernels::AdamW<T> p, kernels::AdamWConstants<T> constants,
                                    kernels::AdamWFactors<T> own) {
  const auto [factors, scale, apply] = kernels::adamw_scalars(p, own);
  if (!apply) return;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * adamw_threads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * adamw_threads + threadIdx.x; i < p.n; i += stride) {
    AdamWElement<T> element{p.parameter[i], p.exp_avg[i], p.exp_avg_sq[i]};
    element.update(rounded_product(scale, p.gradient[i]), constants, factors);
    p.parameter[i] = element.parameter;
    p.exp_avg[i] = element.exp_avg;
    p.exp_avg_sq[i] = element.exp_avg_sq;
    if (i < p.rounded_n) store(p.rounded, i, element.parameter);
  }
}

// Where both moments are zero they stay zero, and only the decay acts.
template <class T>
static __global__ void adamw_deferred_kernel(kernels::AdamWDeferred<T> p, kernels::AdamWConstants<T> constants) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * adamw_threads + threadIdx.x;
  if (i >= p.count * p.width) return;
  const std::int64_t row = p.rows[i / p.width], at = row * p.width + i % p.width;
  AdamWElement<T> element{p.parameter[at], p.exp_avg[at], p.exp_avg_sq[at]};
  const bool at_rest = element.exp_avg == T(0) && element.exp_avg_sq == T(0);
  for (std::int64_t step = p.seen[row]; step < p.end; ++step) {
    const kernels::AdamWFactors<T> factors = p.steps[step];
    if (at_rest) element.parameter = rounded_product(element.parameter, factors.keep);
    else element.update(T(0), constants, factors);
  }
  p.parameter[at] = element.parameter;
  if (at_rest) return;
  p.exp_avg[at] = element.exp_avg;
  p.exp_avg_sq[at] = element.exp_avg_sq;
}

template <class T> static void adamw(const kernels::AdamW<T>& p) {
  launch(Launch{.operation = p.name,
                .shape = {p.n},
                .blocks = std::min(adamw_most_blocks, blocks_for(p.n, adamw_threads)),
                .threads = adamw_threads},
         adamw_kernel<T>, p, kernels::adamw_constants<T>(p.beta1, p.beta2, p.eps),
         p.state ? kernels::AdamWFactors<T>{} : kernels::adamw_factors(p));
}

template <class T> static void adamw_deferred(const kernels::AdamWDeferred<T>& p) {
  launch(Launch{.operation = p.name,
                .shape = {p.count, p.width},
                .blocks = blocks_for(p.count * p.width, adamw_threads),
                .threads = adamw_threads},
         adamw_deferred_kernel<T>, p, kernels::adamw_constants<T>(p.beta1, p.beta2, p.eps));
}

[[maybe_unused]] static const bool adamw_registered = [] {
  kernels::provide_cuda(&adamw<float>, &adamw<double>, &adamw_deferred<float>, &adamw_deferred<double>);
  return true;
}();

}  // namespace tl::cuda
