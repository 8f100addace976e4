// Where in the sources an instruction is, and what a function is called, by addr2line of binutils, which comes with
// every g++. It is asked when something is reported, not before.
#pragma once

#include <string>

namespace tl::emulator {

/// "layer_norm.cuh:41" for the call that returns to `return_address`, or the place in the program's file without it.
std::string place_of_call(const void* return_address);

/// "tl::cuda::add_kernel<float>" for the address of a function.
std::string function_name(const void* function);

}  // namespace tl::emulator
