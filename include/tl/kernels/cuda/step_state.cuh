// scaled_seed, add_loss and prepare_update on the GPU: one thread each, between the other kernels of the step.
#pragma once

#include <cmath>

#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/run.hpp>
#include <tl/kernels/step_state.hpp>

namespace tl::cuda {

template <class T> static __global__ void scaled_seed_kernel(kernels::ScaledSeed<T> p) { kernels::scaled_seed(p); }

template <class T> static __global__ void add_loss_kernel(kernels::AddLoss<T> p) { kernels::add_loss(p); }

static __global__ void prepare_update_kernel(kernels::PrepareUpdate p) {
  kernels::prepare_update(p, sqrt(p.state->squared_norm));
}

template <class T> static void scaled_seed(const kernels::ScaledSeed<T>& p) {
  launch(Launch{.operation = p.name, .shape = {1}, .blocks = 1, .threads = 1}, scaled_seed_kernel<T>, p);
}

template <class T> static void add_loss(const kernels::AddLoss<T>& p) {
  launch(Launch{.operation = p.name, .shape = {1}, .blocks = 1, .threads = 1}, add_loss_kernel<T>, p);
}

static void prepare_update(const kernels::PrepareUpdate& p) {
  launch(Launch{.operation = p.name, .shape = {1}, .blocks = 1, .threads = 1}, prepare_update_kernel, p);
}

[[maybe_unused]] static const bool step_state_registered = [] {
  kernels::provide_cuda(&scaled_seed<float>, &scaled_seed<double>, &add_loss<float>, &add_loss<double>,
                        &prepare_update);
  return true;
}();

}  // namespace tl::cuda
