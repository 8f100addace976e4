// Kernels without a sum: one thread per element, each of which calls a body with its number.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/launch.cuh>

namespace tl::cuda {

inline constexpr int each_threads = 256;

template <class Body> static __global__ void each_kernel(Body body, std::int64_t n) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * each_threads + threadIdx.x;
  if (i < n) body(i);
}

/// Calls body(i) for each i in [0, n), in one thread each. `operation` and `shape` are for errors.
template <class Body>
static void launch_each(const char* operation, const Shape& shape, std::int64_t n, const Body& body) {
  launch(Launch{.operation = operation, .shape = shape, .blocks = blocks_for(n, each_threads), .threads = each_threads},
         each_kernel<Body>, body, n);
}

}  // namespace tl::cuda
