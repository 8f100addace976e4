// Everything of tl that needs nvcc. tl::cuda compiles it, family by family, into a library; a program that is built
// without CMake includes this in exactly one .cu file instead. Kernels then register themselves before main().
#pragma once

#include <tl/kernels/cuda/adamw.cuh>
#include <tl/kernels/cuda/attention.cuh>
#include <tl/kernels/cuda/backend.cuh>
#include <tl/kernels/cuda/bias_activation.cuh>
#include <tl/kernels/cuda/bias_dropout_residual_layer_norm.cuh>
#include <tl/kernels/cuda/convert.cuh>
#include <tl/kernels/cuda/cross_entropy.cuh>
#include <tl/kernels/cuda/dropout.cuh>
#include <tl/kernels/cuda/elementwise.cuh>
#include <tl/kernels/cuda/embedding.cuh>
#include <tl/kernels/cuda/embedding_layer_norm_dropout.cuh>
#include <tl/kernels/cuda/layer_norm.cuh>
#include <tl/kernels/cuda/linear.cuh>
#include <tl/kernels/cuda/losses.cuh>
#include <tl/kernels/cuda/matmul.cuh>
#include <tl/kernels/cuda/reductions.cuh>
#include <tl/kernels/cuda/rows.cuh>
#include <tl/kernels/cuda/segments.cuh>
#include <tl/kernels/cuda/softmax.cuh>
#include <tl/kernels/cuda/step_state.cuh>
