// AdamW on the GPU, one element per thread and turn. Every operation is rounded on its own, in the order of
// kernels/adamw.hpp: the intrinsics with _rn keep nvcc from fusing a product and a sum that the contract does not fuse,
// so that CPU and GPU give the same bits.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int adamw_threads = 256;
inline constexpr std::int64_t adamw_most_blocks = 4096;

static __global__ void adamw_kernel(kernels::AdamW<float> p, kernels::AdamWConstants<float> constants,
                                    kernels::AdamWFactors<float> own) {
  const auto [factors, scale, apply] = kernels::adamw_scalars(p, own);
  if (!apply) return;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * adamw_threads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * adamw_threads + threadIdx.x; i < p.n; i += stride) {
    const float g = __fmul_rn(scale, p.gradient[i]);
    const float decayed = __fmul_rn(p.parameter[i], factors.keep);
    const float m = __fmaf_rn(constants.toward1, __fsub_rn(g, p.exp_avg[i]), p.exp_avg[i]);
    const float v = __fmaf_rn(__fmul_rn(constants.toward2, g), g, __fmul_rn(constants.beta2, p.exp_avg_sq[i]));
    const float denominator = __fadd_rn(__fdiv_rn(__fsqrt_rn(v), factors.root_correction2), constants.eps);
    p.exp_avg[i] = m;
    p.exp_avg_sq[i] = v;
    p.parameter[i] = __fsub_rn(decayed, __fdiv_rn(__fmul_rn(factors.step_size, m), denominator));
  }
}

static void adamw(const kernels::AdamW<float>& p) {
  launch(Launch{.operation = p.name,
                .shape = {p.n},
                .blocks = std::min(adamw_most_blocks, blocks_for(p.n, adamw_threads)),
                .threads = adamw_threads},
         adamw_kernel, p, kernels::adamw_constants<float>(p.beta1, p.beta2, p.eps),
         p.state ? kernels::AdamWFactors<float>{} : kernels::adamw_factors(p));
}

[[maybe_unused]] static const bool adamw_registered = [] {
  kernels::provide_cuda(&adamw);
  return true;
}();

}  // namespace tl::cuda
