// Matrices in any format in kernels: elements are read as the kernel's type and rounded when they are written. bfloat16
// and half are converted by instructions of the hardware, which round as core/dtype.hpp does but need one instruction
// instead of some twenty. A kernel is compiled once for all formats: which one a matrix has is the same for all
// threads, so asking costs next to nothing beside the access to memory.
#pragma once

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif
#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include <tl/core/dtype.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>

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

/// Element `i` of a matrix.
template <class T> static __device__ std::remove_const_t<T> load(const Stored<T>& matrix, std::int64_t i) {
  using Own = std::remove_const_t<T>;
  if (matrix.format == DType::bf16) return static_cast<Own>(to_float(static_cast<const bfloat16*>(matrix.memory)[i]));
  if (matrix.format == DType::f16) return static_cast<Own>(to_float(static_cast<const half*>(matrix.memory)[i]));
  return static_cast<const Own*>(matrix.memory)[i];
}

/// Element `i` of a matrix becomes `value`, rounded to the format.
template <class T> static __device__ void store(const Stored<T>& matrix, std::int64_t i, T value) {
  if (matrix.format == DType::bf16)
    return convert_float(static_cast<float>(value), static_cast<bfloat16*>(matrix.memory)[i]);
  if (matrix.format == DType::f16)
    return convert_float(static_cast<float>(value), static_cast<half*>(matrix.memory)[i]);
  static_cast<T*>(matrix.memory)[i] = value;
}

/// `value` rounded to the format of a precision; in f32 itself.
template <class T> static __device__ T rounded_to(Precision precision, T value) {
  if (precision == Precision::bf16) {
    bfloat16 low;
    convert_float(static_cast<float>(value), low);
    return static_cast<T>(to_float(low));
  }
  if (precision == Precision::f16) {
    half low;
    convert_float(static_cast<float>(value), low);
    return static_cast<T>(to_float(low));
  }
  return value;
}

}  // namespace tl::cuda
