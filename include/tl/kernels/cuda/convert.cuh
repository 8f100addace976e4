// convert on the GPU: one element per thread. bfloat16 and half are converted by instructions of the hardware, which
// round as core/dtype.hpp does but need one instruction instead of some twenty.
#pragma once

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

#include <cstdint>
#include <type_traits>

#include <tl/kernels/convert.hpp>
#include <tl/kernels/cuda/each.cuh>

namespace tl::cuda {

#ifdef __CUDACC__
static __device__ float to_float(bfloat16 value) { return __bfloat162float(__ushort_as_bfloat16(value.bits)); }
static __device__ float to_float(half value) { return __half2float(__ushort_as_half(value.bits)); }
static __device__ void convert_float(float from, bfloat16& to) {
  to.bits = __bfloat16_as_ushort(__float2bfloat16_rn(from));
}
static __device__ void convert_float(float from, half& to) { to.bits = __half_as_ushort(__float2half_rn(from)); }
#else  // compiled for the CPU, in tests
static inline float to_float(bfloat16 value) { return value; }
static inline float to_float(half value) { return value; }
static inline void convert_float(float from, bfloat16& to) { to = bfloat16(from); }
static inline void convert_float(float from, half& to) { to = half(from); }
#endif

/// y[i] = x[i], where `From` or `To` is T itself or a format of 16 bits.
template <class T, class From, class To> struct ConvertElement {
  const From* x;
  To* y;

  __device__ void operator()(std::int64_t i) const {
    T value;
    if constexpr (std::is_same_v<From, T>) value = x[i];
    else value = static_cast<T>(to_float(x[i]));
    if constexpr (std::is_same_v<To, T>) y[i] = value;
    else convert_float(static_cast<float>(value), y[i]);
  }
};

template <class T, class From> static void convert_from(const kernels::Convert<T>& p, const From* x) {
  const Shape shape{p.n};
  if (T* const y = p.y.own()) return launch_each(p.name, shape, p.n, ConvertElement<T, From, T>{x, y});
  if (bfloat16* const y = p.y.bf16()) return launch_each(p.name, shape, p.n, ConvertElement<T, From, bfloat16>{x, y});
  launch_each(p.name, shape, p.n, ConvertElement<T, From, half>{x, p.y.f16()});
}

template <class T> static void convert(const kernels::Convert<T>& p) {
  if (const T* const x = p.x.own()) return convert_from(p, x);
  if (const bfloat16* const x = p.x.bf16()) return convert_from(p, x);
  convert_from(p, p.x.f16());
}

[[maybe_unused]] static const bool convert_registered = [] {
  kernels::provide_cuda(&convert<float>, &convert<double>);
  return true;
}();

}  // namespace tl::cuda
