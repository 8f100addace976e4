#include "include/emulator/runtime_api.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>

#include "api.hpp"
#include "machine.hpp"

using tl::emulator::api_error;
using tl::emulator::api_mutex;
using tl::emulator::device_memory;
using tl::emulator::machine;

struct CUstream_st {};
struct CUevent_st {};

namespace tl::emulator {
namespace {

constexpr std::size_t multiprocessors = 4;
cudaError_t last_error = cudaSuccess;

std::map<cudaError_t, std::string>& texts() {
  static std::map<cudaError_t, std::string>& made = *new std::map<cudaError_t, std::string>;
  return made;
}

bool is_device(const void* address) { return device_memory().contains(reinterpret_cast<std::uintptr_t>(address)); }

/// Empty if [address, address + bytes) is device memory, or host memory, as it should be.
std::string find_bad_range(const void* address, std::size_t bytes, bool on_device) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (is_device(address) != on_device)
    return on_device ? "a host address where the device's is expected"
                     : "a device address where the host's is expected";
  if (on_device && !device_memory().is_allocated(at, bytes))
    return std::to_string(bytes) + " bytes at " + device_memory().describe(at) + ": out of bounds";
  return {};
}

}  // namespace

std::recursive_mutex& api_mutex() {
  static std::recursive_mutex& mutex = *new std::recursive_mutex;
  return mutex;
}

cudaError_t api_error(cudaError_t error, const std::string& text) {
  last_error = error;
  texts()[error] = text;
  machine().last_report = text;
  return error;
}

}  // namespace tl::emulator

cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) { return *count = 1, cudaSuccess; }
cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaGetLastError() { return std::exchange(tl::emulator::last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return tl::emulator::last_error; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "emulated GPU");
  properties->totalGlobalMem = device_memory().limit();
  properties->sharedMemPerBlock = tl::emulator::SharedMemory::default_limit;
  properties->sharedMemPerBlockOptin = tl::emulator::SharedMemory::most_bytes;
  properties->major = 9;
  properties->minor = 0;
  properties->multiProcessorCount = tl::emulator::multiprocessors;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = tl::emulator::most_threads;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = tl::emulator::most_threads; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = tl::emulator::SharedMemory::default_limit; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrMultiProcessorCount: *value = tl::emulator::multiprocessors; break;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = tl::emulator::SharedMemory::most_bytes; break;
    default: return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define TL_NAME(name) \
  case name: return #name;
    TL_NAME(cudaSuccess)
    TL_NAME(cudaErrorInvalidValue)
    TL_NAME(cudaErrorMemoryAllocation)
    TL_NAME(cudaErrorInvalidConfiguration)
    TL_NAME(cudaErrorInvalidDevice)
    TL_NAME(cudaErrorIllegalAddress)
    TL_NAME(cudaErrorMisalignedAddress)
    TL_NAME(cudaErrorLaunchFailure)
    TL_NAME(cudaErrorNotSupported)
#undef TL_NAME
    default: return "cudaErrorUnknown";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  const std::scoped_lock lock(api_mutex());
  const auto found = tl::emulator::texts().find(error);
  if (found != tl::emulator::texts().end()) return found->second.c_str();
  if (error == cudaErrorMemoryAllocation) return "out of memory";
  return error == cudaSuccess ? "no error" : cudaGetErrorName(error);
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  const std::scoped_lock lock(api_mutex());
  *memory = device_memory().allocate(bytes);
  return *memory != nullptr ? cudaSuccess : api_error(cudaErrorMemoryAllocation, "out of memory");
}

cudaError_t cudaFree(void* memory) {
  const std::scoped_lock lock(api_mutex());
  if (memory == nullptr || device_memory().release(memory)) return cudaSuccess;
  return api_error(cudaErrorInvalidValue, "cudaFree of an address that cudaMalloc has not returned");
}

cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t) { return cudaMalloc(memory, bytes); }
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) { return cudaFree(memory); }

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  *memory = std::aligned_alloc(4096, (std::max<std::size_t>(bytes, 1) + 4095) / 4096 * 4096);
  return *memory != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) { return cudaHostAlloc(memory, bytes, 0); }
cudaError_t cudaFreeHost(void* memory) { return std::free(memory), cudaSuccess; }

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::scoped_lock lock(api_mutex());
  *total = device_memory().limit();
  *free = *total - std::min(*total, device_memory().used());
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const std::scoped_lock lock(api_mutex());
  if (bytes == 0) return cudaSuccess;
  if (kind == cudaMemcpyDefault)
    kind = tl::emulator::is_device(to)
               ? tl::emulator::is_device(from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice
           : tl::emulator::is_device(from) ? cudaMemcpyDeviceToHost
                                           : cudaMemcpyHostToHost;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  std::string bad = tl::emulator::find_bad_range(to, bytes, to_device);
  if (!bad.empty()) return api_error(cudaErrorInvalidValue, "copy to " + bad);
  bad = tl::emulator::find_bad_range(from, bytes, from_device);
  if (!bad.empty()) return api_error(cudaErrorInvalidValue, "copy from " + bad);
  const tl::emulator::UnlockedDevice unlocked;
  std::memmove(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  return cudaMemcpy(to, from, bytes, kind);
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  const std::scoped_lock lock(api_mutex());
  if (bytes == 0) return cudaSuccess;
  const std::string bad = tl::emulator::find_bad_range(memory, bytes, true);
  if (!bad.empty()) return api_error(cudaErrorInvalidValue, "fill of " + bad);
  const tl::emulator::UnlockedDevice unlocked;
  std::memset(memory, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t) {
  return cudaMemset(memory, value, bytes);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return *stream = new CUstream_st, cudaSuccess; }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) { return cudaStreamCreate(stream); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return delete stream, cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamQuery(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaEventCreate(cudaEvent_t* event) { return *event = new CUevent_st, cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  return *milliseconds = 0.0F, cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  attributes->maxThreadsPerBlock = tl::emulator::most_threads;
  attributes->binaryVersion = attributes->ptxVersion = 90;
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  const std::scoped_lock lock(api_mutex());
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<std::size_t>(value) > tl::emulator::SharedMemory::most_bytes)
    return api_error(cudaErrorInvalidValue, "a block has at most " +
                                                std::to_string(tl::emulator::SharedMemory::most_bytes) +
                                                " bytes of shared memory, not " + std::to_string(value));
  machine().dynamic_shared_limits[kernel] = static_cast<std::size_t>(value);
  return cudaSuccess;
}
