// y = f(x + bias) on the GPU, one thread per element; the gradient of the bias in two stages, in a fixed order.
#pragma once

#include <cstdint>

#include <tl/kernels/bias_activation.hpp>
#include <tl/kernels/cuda/activations.cuh>
#include <tl/kernels/cuda/column_sums.cuh>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/formats.cuh>

namespace tl::cuda {

/// x + bias, rounded to the format of the precision.
template <class Contract> static __device__ auto activation_argument(const Contract& p, std::int64_t i) {
  const auto x = load(p.x, i);
  return p.bias ? rounded_to(p.precision, x + p.bias[i % p.f]) : x;
}

template <class T> struct BiasActivationElement {
  kernels::BiasActivationForward<T> p;
  __device__ void operator()(std::int64_t i) const {
    store(p.y, i, activation_at(p.activation, activation_argument(p, i)).value);
  }
};

/// `dx` may be `dy`: a thread reads its element before it writes it.
template <class T> struct BiasActivationGradient {
  kernels::BiasActivationBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    store(p.dx, i, load(p.dy, i) * activation_at(p.activation, activation_argument(p, i)).slope);
  }
};

template <class T> static void bias_activation_forward(const kernels::BiasActivationForward<T>& p) {
  launch_each(p.name, Shape{p.n, p.f}, p.n * p.f, BiasActivationElement<T>{p});
}

template <class T> static void bias_activation_backward(const kernels::BiasActivationBackward<T>& p) {
  launch_each(p.name, Shape{p.n, p.f}, p.n * p.f, BiasActivationGradient<T>{p});
  add_column_sums(p.name, p.n, p.f, MatrixElement<T>{p.dx}, p.dbias);
}

[[maybe_unused]] static const bool bias_activation_registered = [] {
  kernels::provide_cuda(&bias_activation_forward<float>, &bias_activation_forward<double>,
                        &bias_activation_backward<float>, &bias_activation_backward<double>);
  return true;
}();

}  // namespace tl::cuda
