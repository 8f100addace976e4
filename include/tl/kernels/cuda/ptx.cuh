// Instructions that CUDA C++ has no names for, one thin function each: matrices from shared memory, products of matrix
// tiles, copies that go on while the thread does. No other header has inline assembly: where kernels are not compiled
// by nvcc, cuda_runtime.h brings functions of these names. All of them need compute capability 8.0, the first one 7.5.
//
// Fragments, with lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, two 16-bit elements to a register, the lower
// index in the low half:
//   a[16][16]  register 0: row g, columns 2t, 2t + 1; 1: row g + 8; 2: columns 2t + 8, 2t + 9; 3: both
//   b[16][8]   register 0: rows 2t, 2t + 1, column g; 1: rows 2t + 8, 2t + 9
//   c[16][8]   0, 1: row g, columns 2t, 2t + 1; 2, 3: row g + 8
// and of tf32, one element to a register:
//   a[16][8]   0: row g, column t; 1: row g + 8; 2: column t + 4; 3: both
//   b[8][8]    0: row t, column g; 1: row t + 4
#pragma once

#include <cuda_runtime.h>

#ifndef TL_CUDA_EMULATED

namespace tl::cuda::ptx {

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define TL_PTX(...) asm volatile(__VA_ARGS__)
#else
#define TL_PTX(...) __trap()
#endif

/// Loads one matrix of 8 x 8 16-bit elements: lane r < 8 has the address of row r in shared memory, a multiple of 16;
/// the register gets row lane / 4, columns 2 (lane % 4) and the next.
__device__ inline void load_matrices(unsigned (&registers)[1], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(registers[0]) : "r"(address) : "memory");
}

/// The same for two matrices, whose rows lanes 0 to 15 address.
__device__ inline void load_matrices(unsigned (&registers)[2], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(registers[0]), "=r"(registers[1])
               : "r"(address)
               : "memory");
}

/// The same for four matrices, whose rows all lanes address.
__device__ inline void load_matrices(unsigned (&registers)[4], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(address)
               : "memory");
}

/// load_matrices() of the transposed matrices: rows 2 (lane % 4) and the next, column lane / 4.
__device__ inline void load_transposed(unsigned (&registers)[1], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
               : "=r"(registers[0])
               : "r"(address)
               : "memory");
}
__device__ inline void load_transposed(unsigned (&registers)[2], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(registers[0]), "=r"(registers[1])
               : "r"(address)
               : "memory");
}
__device__ inline void load_transposed(unsigned (&registers)[4], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(address)
               : "memory");
}

/// c += a b for half-precision tiles of 16 x 16 and 16 x 8 and float sums.
__device__ inline void multiply_f16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  TL_PTX(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The same for bfloat16.
__device__ inline void multiply_bf16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  TL_PTX(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The same for float tiles of 16 x 8 and 8 x 8, of whose mantissas 10 bits count.
__device__ inline void multiply_tf32(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  TL_PTX(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Starts a copy of 16 bytes to shared memory, of which `source_bytes` are read and the rest is zero.
__device__ inline void start_copy(void* shared, const void* global, int source_bytes = 16) {
  [[maybe_unused]] const auto address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  TL_PTX("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(source_bytes) : "memory");
}

/// Makes the copies since the last call a group.
__device__ inline void commit_copies() { TL_PTX("cp.async.commit_group;" ::: "memory"); }

/// Waits for all groups of the calling thread but the `Newest` newest ones.
template <int Newest> __device__ inline void wait_copies() {
  TL_PTX("cp.async.wait_group %0;" ::"n"(Newest) : "memory");
}

#undef TL_PTX

}  // namespace tl::cuda::ptx

#endif  // TL_CUDA_EMULATED
