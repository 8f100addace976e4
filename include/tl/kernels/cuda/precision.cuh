// What kernels say of a format that they do not have yet.
#pragma once

#include <tl/core/error.hpp>
#include <tl/core/precision.hpp>
#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

/// Throws Error(missing_kernel) unless a contract asks for f32, and Error(dtype) for a matrix in another format than
/// the kernel's own: a result in another format than the one asked for must not pass for it.
template <class... Matrices> void require_f32(const char* operation, Precision precision, const Matrices&... matrices) {
  check(precision == Precision::f32, ErrorCode::missing_kernel, operation, ": on the GPU only f32 is there, got ",
        precision, "; set bf16 = false");
  ((void)own(operation, matrices), ...);
}

}  // namespace tl::cuda
