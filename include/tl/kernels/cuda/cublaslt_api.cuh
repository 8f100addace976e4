// What tl uses of cuBLASLt's binary interface, declared here and looked up with dlopen(): the library is half a
// gigabyte, and a program that links tl::cuda must start where it is not installed. Numbers and layouts are those of
// cublasLt.h, the same in versions 12 and 13; tests/cuda/cublaslt_header.cu compares them where that header is.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace tl::cuda::lt {

using Handle = void*;
using Descriptor = void*;  // of an operation
using Layout = void*;      // of a matrix
using Preference = void*;  // for choosing an algorithm

inline constexpr int success = 0, execution_failed = 13;                                  // cublasStatus_t
inline constexpr int real_32 = 0, real_64 = 1, real_16 = 2, brain_16 = 14;                // cudaDataType
inline constexpr int compute_32 = 68, compute_64 = 70, compute_tf32 = 77;                 // cublasComputeType_t
inline constexpr std::int32_t as_it_is = 0, transposed = 1;                               // cublasOperation_t
inline constexpr std::uint32_t epilogue_bias = 4;                                         // cublasLtEpilogue_t
inline constexpr int transpose_a = 3, transpose_b = 4, epilogue = 7, bias_pointer = 8;    // of a Descriptor
inline constexpr int most_workspace = 1;                                                  // of a Preference
inline constexpr int alignment_a = 5, alignment_b = 6, alignment_c = 7, alignment_d = 8;  // of a Preference

/// How a product is computed; its words mean something to the version of the library that wrote them.
struct Algorithm {
  std::uint64_t words[8];
};

/// An algorithm that the library proposes, or has checked.
struct Proposal {
  Algorithm algorithm;
  std::size_t workspace_bytes;
  int status;
  float waves;
  int reserved[4];
};

/// The functions, under their names without cublasLt in front. Null until they are looked up.
struct Functions {
  int (*create)(Handle*);
  std::size_t (*get_version)();
  const char* (*get_status_string)(int);
  int (*matmul_desc_create)(Descriptor*, int compute_type, int scale_type);
  int (*matmul_desc_destroy)(Descriptor);
  int (*matmul_desc_set_attribute)(Descriptor, int attribute, const void* value, std::size_t bytes);
  int (*matrix_layout_create)(Layout*, int type, std::uint64_t rows, std::uint64_t columns, std::int64_t ld);
  int (*matrix_layout_destroy)(Layout);
  int (*matmul_preference_create)(Preference*);
  int (*matmul_preference_destroy)(Preference);
  int (*matmul_preference_set_attribute)(Preference, int attribute, const void* value, std::size_t bytes);
  int (*matmul_algo_get_heuristic)(Handle, Descriptor, Layout a, Layout b, Layout c, Layout d, Preference, int wanted,
                                   Proposal* proposals, int* found);
  int (*matmul_algo_check)(Handle, Descriptor, Layout a, Layout b, Layout c, Layout d, const Algorithm*, Proposal*);
  int (*matmul)(Handle, Descriptor, const void* alpha, const void* a, Layout, const void* b, Layout, const void* beta,
                const void* c, Layout, void* d, Layout, const Algorithm*, void* workspace, std::size_t workspace_bytes,
                cudaStream_t);
};

}  // namespace tl::cuda::lt
