// y = f(x + bias) on the GPU, one thread per element; the gradient of the bias in two stages, in a fixed order.
#pragma once

#include <cstdint>

#include <tl/kernels/bias_activation.hpp>
#include <tl/kernels/cuda/activations.cuh>
#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/precision.cuh>

namespace tl::cuda {

template <class T> struct BiasActivationElement {
  const T *x, *bias;
  T* y;
  std::int64_t f;
  Activation activation;
  __device__ void operator()(std::int64_t i) const {
    y[i] = activation_at(activation, bias ? x[i] + bias[i % f] : x[i]).value;
  }
};

/// `dx` may be `dy`: a thread reads its element before it writes it.
template <class T> struct BiasActivationGradient {
  const T *dy, *x, *bias;
  T* dx;
  std::int64_t f;
  Activation activation;
  __device__ void operator()(std::int64_t i) const {
    dx[i] = dy[i] * activation_at(activation, bias ? x[i] + bias[i % f] : x[i]).slope;
  }
};

template <class T> static void bias_activation_forward(const kernels::BiasActivationForward<T>& p) {
  require_f32(p.name, p.precision);
  launch_each(p.name, Shape{p.n, p.f}, p.n * p.f,
              BiasActivationElement<T>{own(p.name, p.x), p.bias, own(p.name, p.y), p.f, p.activation});
}

template <class T> static void bias_activation_backward(const kernels::BiasActivationBackward<T>& p) {
  require_f32(p.name, p.precision);
  launch_each(
      p.name, Shape{p.n, p.f}, p.n * p.f,
      BiasActivationGradient<T>{own(p.name, p.dy), own(p.name, p.x), p.bias, own(p.name, p.dx), p.f, p.activation});
  add_column_sums(p.name, p.n, p.f, MatrixElement<T>{own(p.name, p.dx)}, p.dbias);
}

[[maybe_unused]] static const bool bias_activation_registered = [] {
  kernels::provide_cuda(&bias_activation_forward<float>, &bias_activation_forward<double>,
                        &bias_activation_backward<float>, &bias_activation_backward<double>);
  return true;
}();

}  // namespace tl::cuda
