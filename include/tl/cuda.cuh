// Everything of tl that needs nvcc. tl::cuda compiles this once into a library; a program that is built without CMake
// includes it in exactly one .cu file instead. Kernels then register themselves before main().
#pragma once

#include <tl/cuda/adamw.cuh>
#include <tl/cuda/backend.cuh>
#include <tl/cuda/layer_norm.cuh>
