// AdamW on the GPU, one element per thread and turn. Every operation is rounded on its own, in the order of
// kernels/adamw.hpp: the intrinsics with _rn keep nvcc from fusing a product and a sum that the contract does not fuse,
// so that CPU and GPU give the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <tl/kernels/cuda/backend.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/adamw.hpp>

namespace tl::cuda {

inline constexpr int adamw_threads = 256;
inline constexpr std::int64_t adamw_most_blocks = 4096;

/// The scalars of one step, computed in double and rounded once.
struct AdamWScalars {
  float decay;  // 1 - lr * weight_decay
  float one_minus_beta1;
  float one_minus_beta2;
  float beta2;
  float step_size;         // lr / (1 - beta1^step)
  float sqrt_correction2;  // sqrt(1 - beta2^step)
  float eps;
};

static AdamWScalars adamw_scalars(const kernels::AdamW<float>& p) {
  const auto step = static_cast<double>(p.step);
  return {.decay = static_cast<float>(1.0 - p.lr * p.weight_decay),
          .one_minus_beta1 = static_cast<float>(1.0 - p.beta1),
          .one_minus_beta2 = static_cast<float>(1.0 - p.beta2),
          .beta2 = static_cast<float>(p.beta2),
          .step_size = static_cast<float>(p.lr / (1.0 - std::pow(p.beta1, step))),
          .sqrt_correction2 = static_cast<float>(std::sqrt(1.0 - std::pow(p.beta2, step))),
          .eps = static_cast<float>(p.eps)};
}

static __global__ void adamw_kernel(kernels::AdamW<float> p, AdamWScalars s) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * adamw_threads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * adamw_threads + threadIdx.x; i < p.n; i += stride) {
    const float g = __fmul_rn(p.gradient_scale, p.gradient[i]);
    const float decayed = __fmul_rn(p.parameter[i], s.decay);
    const float m = __fmaf_rn(s.one_minus_beta1, __fsub_rn(g, p.exp_avg[i]), p.exp_avg[i]);
    const float v = __fmaf_rn(__fmul_rn(s.one_minus_beta2, g), g, __fmul_rn(s.beta2, p.exp_avg_sq[i]));
    const float denominator = __fadd_rn(__fdiv_rn(__fsqrt_rn(v), s.sqrt_correction2), s.eps);
    p.exp_avg[i] = m;
    p.exp_avg_sq[i] = v;
    p.parameter[i] = __fsub_rn(decayed, __fdiv_rn(__fmul_rn(s.step_size, m), denominator));
  }
}

static void adamw(const kernels::AdamW<float>& p) {
  launch(p.name, adamw_kernel, std::min(adamw_most_blocks, blocks_for(p.n, adamw_threads)), adamw_threads, p,
         adamw_scalars(p));
}

[[maybe_unused]] static const bool adamw_registered = [] {
  kernels::provide_cuda(&adamw);
  return true;
}();

}  // namespace tl::cuda
