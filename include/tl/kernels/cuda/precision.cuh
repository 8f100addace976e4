// What kernels say of a format that they do not have yet.
#pragma once

#include <tl/core/error.hpp>
#include <tl/core/precision.hpp>

namespace tl::cuda {

/// Throws Error(missing_kernel) unless a contract asks for f32: a result in another format than the one asked for must
/// not pass for it.
inline void require_f32(const char* operation, Precision precision) {
  check(precision == Precision::f32, ErrorCode::missing_kernel, operation,
        ": on the GPU only f32 is there, got bf16; set bf16 = false");
}

}  // namespace tl::cuda
