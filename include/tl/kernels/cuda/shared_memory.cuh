// Memory that the threads of a block share, behind two macros: C++ has no such storage class, so where kernels are not
// compiled by nvcc, cuda_runtime.h brings macros of its own.
#pragma once

#include <cuda_runtime.h>

/// `T name[count]`, shared by the threads of a block.
#ifndef TL_SHARED
#define TL_SHARED(T, name, count) __shared__ T name[count]
#endif

/// `T* name`, the shared memory that the launch asked for, aligned to 16 bytes.
#ifndef TL_DYNAMIC_SHARED
#define TL_DYNAMIC_SHARED(T, name)                      \
  extern __shared__ double2 tl_dynamic_shared_memory[]; \
  T* const name = reinterpret_cast<T*>(tl_dynamic_shared_memory)
#endif
