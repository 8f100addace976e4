// Why CUDA cannot be used in this process, in a sentence that says what is missing.
#pragma once

#include <cuda_runtime.h>

#include <cstdlib>
#include <string>

#include <tl/core/error.hpp>
#include <tl/kernels/cuda/cublaslt_library.cuh>
#include <tl/kernels/cuda/runtime.cuh>

namespace tl::cuda {

/// "13.0" from CUDA's 13000.
inline std::string version_text(int version) { return str_cat(version / 1000, ".", version % 1000 / 10); }

/// Why there is no GPU to talk to, or an empty text if there is one.
inline std::string find_no_gpu_reason() {
  int driver = 0, toolkit = 0, devices = 0;
  (void)runtime.driver_get_version(&driver);
  (void)runtime.runtime_get_version(&toolkit);
  if (driver == 0) return "no NVIDIA driver is installed on this machine (libcuda.so.1 was not found)";
  const cudaError_t counted = runtime.get_device_count(&devices);
  if (counted == cudaErrorInsufficientDriver)
    return str_cat("this program needs an NVIDIA driver for CUDA ", version_text(toolkit),
                   " or newer, the installed one is for ", version_text(driver));
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && devices == 0)) {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    return visible ? str_cat("no NVIDIA GPU is visible with CUDA_VISIBLE_DEVICES=", visible)
                   : std::string("the NVIDIA driver finds no GPU");
  }
  if (counted != cudaSuccess) return str_cat("the NVIDIA driver answers: ", cudaGetErrorString(counted));
  return {};
}

/// Why this program's kernels do not run on GPU 0, of which `kernel` is one, or an empty text if they do.
inline std::string find_no_code_reason(const void* kernel) {
  cudaFuncAttributes attributes;
  const cudaError_t probed = runtime.func_get_attributes(&attributes, kernel);
  if (probed == cudaSuccess) return {};
  (void)cudaGetLastError();
  cudaDeviceProp properties;
  if (runtime.get_device_properties(&properties, 0) != cudaSuccess)
    return str_cat("GPU 0: ", cudaGetErrorString(probed));
  return str_cat("tl::cuda was not compiled for GPU 0, ", properties.name, ", compute capability ", properties.major,
                 ".", properties.minor, ": ", cudaGetErrorString(probed), "; add it to TL_CUDA_ARCHITECTURES");
}

/// The first reason there is, or an empty text.
inline std::string find_unavailable_reason(const void* kernel) {
  if (std::string reason = find_no_gpu_reason(); !reason.empty()) return reason;
  if (std::string reason = find_no_code_reason(kernel); !reason.empty()) return reason;
  return cublaslt_missing();
}

}  // namespace tl::cuda
