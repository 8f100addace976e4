// Why CUDA cannot be used: each answer of the driver has a sentence.
#include "support/catch.hpp"

#include <tl/kernels/cuda/unavailable.cuh>

#include <cstdlib>
#include <cstring>
#include <string>

#include "runtime_in_place.hpp"

using tl::cuda::find_unavailable_reason;
using tl::cuda::runtime;
using tl::test::RuntimeInPlace;

namespace {

template <int Version> cudaError_t version(int* number) {
  *number = Version;
  return cudaSuccess;
}

template <cudaError_t Status, int Count> cudaError_t count(int* devices) {
  *devices = Count;
  return Status;
}

template <cudaError_t Status> cudaError_t attributes(cudaFuncAttributes*, const void*) { return Status; }

/// CUDA_VISIBLE_DEVICES as long as it lives.
class VisibleDevices {
 public:
  explicit VisibleDevices(const char* devices) { ::setenv("CUDA_VISIBLE_DEVICES", devices, 1); }
  ~VisibleDevices() { ::unsetenv("CUDA_VISIBLE_DEVICES"); }
  VisibleDevices(const VisibleDevices&) = delete;
  VisibleDevices& operator=(const VisibleDevices&) = delete;
};

}  // namespace

TEST_CASE("cuda: no driver") {
  const RuntimeInPlace kept;
  runtime.driver_get_version = &version<0>;
  CHECK(find_unavailable_reason(nullptr) ==
        "no NVIDIA driver is installed on this machine (libcuda.so.1 was not found)");
}

TEST_CASE("cuda: a driver that is older than the program's CUDA") {
  const RuntimeInPlace kept;
  runtime.driver_get_version = &version<11080>;
  runtime.runtime_get_version = &version<13000>;
  runtime.get_device_count = &count<cudaErrorInsufficientDriver, 0>;
  CHECK(find_unavailable_reason(nullptr) ==
        "this program needs an NVIDIA driver for CUDA 13.0 or newer, the installed one is for 11.8");
}

TEST_CASE("cuda: no GPU, or none that is visible") {
  const RuntimeInPlace kept;
  runtime.driver_get_version = &version<13000>;
  runtime.get_device_count = &count<cudaErrorNoDevice, 0>;
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  CHECK(find_unavailable_reason(nullptr) == "the NVIDIA driver finds no GPU");
  for (const char* const devices : {"", "7"}) {
    const VisibleDevices visible(devices);
    CHECK(find_unavailable_reason(nullptr) ==
          std::string("no NVIDIA GPU is visible with CUDA_VISIBLE_DEVICES=") + devices);
    runtime.get_device_count = &count<cudaSuccess, 0>;
  }
}

TEST_CASE("cuda: a driver that answers with another error") {
  const RuntimeInPlace kept;
  runtime.driver_get_version = &version<13000>;
  runtime.get_device_count = &count<cudaErrorLaunchFailure, 0>;
  CHECK(find_unavailable_reason(nullptr) ==
        std::string("the NVIDIA driver answers: ") + cudaGetErrorString(cudaErrorLaunchFailure));
}

TEST_CASE("cuda: a GPU that the program has no code for") {
  const RuntimeInPlace kept;
  runtime.driver_get_version = &version<13000>;
  runtime.get_device_count = &count<cudaSuccess, 1>;
  runtime.func_get_attributes = &attributes<cudaErrorInvalidDeviceFunction>;
  runtime.get_device_properties = [](cudaDeviceProp* properties, int) {
    std::strcpy(properties->name, "Tesla V100");
    properties->major = 7;
    properties->minor = 0;
    return cudaSuccess;
  };
  CHECK(find_unavailable_reason(nullptr) ==
        std::string("tl::cuda was not compiled for GPU 0, Tesla V100, compute capability 7.0: ") +
            cudaGetErrorString(cudaErrorInvalidDeviceFunction) + "; add it to TL_CUDA_ARCHITECTURES");
}

TEST_CASE("cuda: everything there") {
  const RuntimeInPlace kept;
  runtime.driver_get_version = &version<13000>;
  runtime.get_device_count = &count<cudaSuccess, 1>;
  runtime.func_get_attributes = &attributes<cudaSuccess>;
  CHECK(find_unavailable_reason(nullptr).empty());
}
