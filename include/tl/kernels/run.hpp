// How an operation reaches its kernel. The parameter struct of a contract is the key: run(device, params) calls the
// body of that device for the type of `params`. The CPU body is an overload of run() in tl::cpu, found when the program
// is compiled; the CUDA body is a function pointer that tl::cuda fills before main(). Operations never ask what was
// compiled in.
#pragma once

#include <tl/core/device.hpp>

namespace tl {

namespace cpu {
/// The first parameter of every CPU body, `void run(Cpu, const kernels::Add<T>&)`. Its only purpose is that the
/// compiler then looks for the body in this namespace, wherever its header was included.
struct Cpu {};
}  // namespace cpu

namespace kernels {

template <class Params> using CudaKernel = void (*)(const Params&);

/// The CUDA body for a contract's parameter struct; null if this program has none.
template <class Params> inline constinit CudaKernel<Params> cuda_kernel = nullptr;

/// Makes these functions the CUDA bodies of their contracts.
template <class... Params> void provide_cuda(CudaKernel<Params>... bodies) { ((cuda_kernel<Params> = bodies), ...); }

namespace detail {

[[noreturn]] inline void fail_missing(const char* name) {
  fail(ErrorCode::missing_kernel, name, ": no CUDA kernel in this program",
       cuda_backend.unavailable_reason == nullptr ? "; link tl::cuda"
                                                  : "; tl::cuda does not provide this operation yet");
}

}  // namespace detail

/// Runs the body of `device` for a contract, which names itself in errors: Params::name.
/// Throws Error(missing_kernel) if this program has no CUDA body. Without a CPU body it does not compile.
template <class Params> void run(Device device, const Params& params) {
  if (device.type == DeviceType::cpu) {
    static_assert(
        requires { run(cpu::Cpu{}, params); },
        "this contract has no CPU body here: include its header in tl/kernels/cpu");
    return run(cpu::Cpu{}, params);
  }
  if (cuda_kernel<Params> == nullptr) detail::fail_missing(Params::name);
  cuda_kernel<Params>(params);
}

}  // namespace kernels
}  // namespace tl
