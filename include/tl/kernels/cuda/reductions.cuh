// Sums over everything on the GPU: sum and squared_norm, in double and rounded once.
#pragma once

#include <cstdint>

#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/total_sum.cuh>
#include <tl/kernels/squared_norm.hpp>
#include <tl/kernels/sum.hpp>

namespace tl::cuda {

template <class T> struct SquareTerm {
  const T* x;
  __device__ double operator()(std::int64_t i) const {
    const double value = static_cast<double>(x[i]);
    return value * value;
  }
};

template <class T> struct SumGradient {
  kernels::SumBackward<T> p;
  __device__ void operator()(std::int64_t i) const { p.dx[i] = p.scale * *p.dy; }
};

template <class T> static void sum_forward(const kernels::SumForward<T>& p) {
  sum_all(p.name, p.n, ElementTerm<T>{p.x}, WriteScaledSum<T>{.result = p.y, .scale = static_cast<double>(p.scale)});
}

template <class T> static void sum_backward(const kernels::SumBackward<T>& p) {
  launch_each(p.name, Shape{p.n}, p.n, SumGradient<T>{p});
}

template <class T> static void squared_norm(const kernels::SquaredNorm<T>& p) {
  static_assert(kernels::squared_norm_chunk == total_sum_chunk);
  sum_all(p.name, p.n, SquareTerm<T>{p.x}, WriteScaledSum<double>{.result = p.result}, p.active);
}

template <class T> static void provide_reductions() {
  kernels::provide_cuda(&sum_forward<T>, &sum_backward<T>, &squared_norm<T>);
}

[[maybe_unused]] static const bool reductions_registered = [] {
  provide_reductions<float>();
  provide_reductions<double>();
  return true;
}();

}  // namespace tl::cuda
