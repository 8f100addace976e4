// The emulator's own <cuda_runtime.h>, found before NVIDIA's: what the kernels and launchers in tl/kernels/cuda use of
// CUDA C++, as plain C++ for g++. Names are CUDA's, because the sources that include this are those that nvcc compiles.
#pragma once

#define TL_CUDA_EMULATED 1

#include <cstddef>

// Copies and fills that g++ makes calls of are accesses, too: these names let the checker see them.
extern "C" {
void* memcpy(void* to, const void* from, std::size_t bytes) noexcept __asm__("tl_emulated_memcpy");
void* memmove(void* to, const void* from, std::size_t bytes) noexcept __asm__("tl_emulated_memmove");
void* memset(void* to, int value, std::size_t bytes) noexcept __asm__("tl_emulated_memset");
}

#include <emulator/vector_types.hpp>

#include <emulator/language.hpp>

#include <emulator/atomics.hpp>
#include <emulator/math.hpp>
#include <emulator/matrix.hpp>
#include <emulator/runtime_api.hpp>
#include <emulator/warp.hpp>
