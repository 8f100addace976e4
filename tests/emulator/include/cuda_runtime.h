// The emulator's own <cuda_runtime.h>, found before NVIDIA's: what the kernels and launchers in tl/kernels/cuda use of
// CUDA C++, as plain C++ for g++. Names are CUDA's, because the sources that include this are those that nvcc compiles.
#pragma once

#define TL_CUDA_EMULATED 1

#include <emulator/vector_types.hpp>

#include <emulator/language.hpp>

#include <emulator/atomics.hpp>
#include <emulator/math.hpp>
#include <emulator/matrix.hpp>
#include <emulator/runtime_api.hpp>
#include <emulator/warp.hpp>
