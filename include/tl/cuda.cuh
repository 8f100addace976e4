// Everything of tl that needs nvcc. tl::cuda compiles this once into a library; a program that is built without CMake
// includes it in exactly one .cu file instead. Kernels then register themselves before main().
#pragma once

#include <tl/kernels/cuda/adamw.cuh>
#include <tl/kernels/cuda/backend.cuh>
#include <tl/kernels/cuda/layer_norm.cuh>
