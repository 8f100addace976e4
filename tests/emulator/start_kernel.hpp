// Starting a kernel of a test, and device memory for it.
#pragma once

#include <cuda_runtime.h>

#include <string>
#include <utility>
#include <vector>

#include "emulator/emulator.hpp"

namespace tl::emulator {

/// Runs `kernel` and returns what the runtime says if it fails, else "".
template <class... P, class... A>
std::string start(void (*kernel)(P...), dim3 blocks, dim3 threads, std::size_t shared_bytes, A&&... arguments) {
  cudaLaunchConfig_t how{};
  how.gridDim = blocks;
  how.blockDim = threads;
  how.dynamicSmemBytes = shared_bytes;
  leave_out_of_figures(reinterpret_cast<const void*>(kernel));
  const cudaError_t error = cudaLaunchKernelEx(&how, kernel, std::forward<A>(arguments)...);
  if (error == cudaSuccess) return {};
  (void)cudaGetLastError();
  return cudaGetErrorString(error);
}

/// An array in device memory, with given values or unwritten.
template <class T> class DeviceArray {
 public:
  explicit DeviceArray(std::size_t count) : count_(count) {
    cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T));
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> copy(count_);
    cudaMemcpy(copy.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost);
    return copy;
  }

 private:
  std::size_t count_;
  T* data_ = nullptr;
};

}  // namespace tl::emulator
