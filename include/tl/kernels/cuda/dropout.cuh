// Dropout on the GPU: a warp per 256 channels of a row, for which it draws at once.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/dropout_mask.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/cuda/launch.cuh>
#include <tl/kernels/cuda/warp_rows.cuh>
#include <tl/kernels/dropout.hpp>

namespace tl::cuda {

template <class T> static __global__ void dropout_kernel(kernels::Dropout<T> p, DropoutFactors<T> dropout) {
  const DropoutFactors<T> factors = dropout.resolved();
  const std::int64_t chunks = (p.d + dropout_chunk - 1) / dropout_chunk, task = row_of_warp(), row = task / chunks;
  if (row >= p.n) return;
  dropout_of_chunk(factors, row, task % chunks * dropout_chunk, p.d, lane_of_warp(),
                   [&](std::int64_t i, T factor) { store(p.y, row * p.d + i, load(p.x, row * p.d + i) * factor); });
}

template <class T> static void dropout(const kernels::Dropout<T>& p) {
  launch(Launch{.operation = p.name,
                .shape = {p.n, p.d},
                .blocks = blocks_for(p.n * blocks_for(p.d, dropout_chunk), rows_per_block),
                .threads = row_threads},
         dropout_kernel<T>, p, DropoutFactors<T>(p.mask));
}

[[maybe_unused]] static const bool dropout_registered = [] {
  kernels::provide_cuda(&dropout<float>, &dropout<double>);
  return true;
}();

}  // namespace tl::cuda
