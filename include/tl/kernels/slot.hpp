// A slot is where an operation finds its kernel: one function pointer per device. The CPU entry is a constant of the
// program; the CUDA entry is filled before main() when the program links tl::cuda. Operations call the slot and never
// ask what was compiled in.
#pragma once

#include <tl/core/device.hpp>

namespace tl {

/// In which precision the matrix products of a step are computed. f32 is plain float. bf16 rounds the operands of each
/// product to bfloat16 and accumulates in float; what is rounded afterwards stands in each contract. Everything else
/// stays float.
enum class Precision { f32, bf16 };

namespace kernels {

namespace detail {

[[noreturn]] inline void fail_missing(const char* name, Device device) {
  const bool cpu = device.type == DeviceType::cpu;
  fail(ErrorCode::missing_kernel, name, ": no ", cpu ? "CPU" : "CUDA", " kernel in this program",
       cpu                                          ? ""
       : cuda_backend.unavailable_reason == nullptr ? "; link tl::cuda"
                                                    : "; tl::cuda does not provide this operation yet");
}

}  // namespace detail

/// A kernel per device for one contract, the parameter struct `Params`.
template <class Params> struct Slot {
  using Kernel = void (*)(const Params&);

  const char* name;
  Kernel cpu;
  Kernel cuda = nullptr;

  /// Runs the kernel of `device`; throws Error(missing_kernel) if this program has none.
  void operator()(Device device, const Params& params) const {
    const Kernel kernel = device.type == DeviceType::cpu ? cpu : cuda;
    if (kernel == nullptr) detail::fail_missing(name, device);
    kernel(params);
  }
};

}  // namespace kernels
}  // namespace tl
