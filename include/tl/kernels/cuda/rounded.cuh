// Arithmetic that is rounded after each operation: nvcc fuses a product and a sum unless they are written so, and then
// CPU and GPU would not have the same bits.
#pragma once

#include <cuda_runtime.h>

namespace tl::cuda {

inline __device__ float rounded_product(float a, float b) { return __fmul_rn(a, b); }
inline __device__ double rounded_product(double a, double b) { return __dmul_rn(a, b); }
inline __device__ float rounded_sum(float a, float b) { return __fadd_rn(a, b); }
inline __device__ double rounded_sum(double a, double b) { return __dadd_rn(a, b); }
inline __device__ float rounded_quotient(float a, float b) { return __fdiv_rn(a, b); }
inline __device__ double rounded_quotient(double a, double b) { return __ddiv_rn(a, b); }
inline __device__ float rounded_root(float a) { return __fsqrt_rn(a); }
inline __device__ double rounded_root(double a) { return __dsqrt_rn(a); }
/// a b + c, rounded once.
inline __device__ float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
inline __device__ double fused(double a, double b, double c) { return __fma_rn(a, b, c); }

}  // namespace tl::cuda
