// convert on the GPU: one element per thread.
#pragma once

#include <cstdint>

#include <tl/kernels/convert.hpp>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/formats.cuh>

namespace tl::cuda {

template <class T> struct ConvertElement {
  Stored<const T> x;
  Stored<T> y;
  __device__ void operator()(std::int64_t i) const { store(y, i, load(x, i)); }
};

template <class T> static void convert(const kernels::Convert<T>& p) {
  launch_each(p.name, Shape{p.n}, p.n, ConvertElement<T>{p.x, p.y});
}

[[maybe_unused]] static const bool convert_registered = [] {
  kernels::provide_cuda(&convert<float>, &convert<double>);
  return true;
}();

}  // namespace tl::cuda
