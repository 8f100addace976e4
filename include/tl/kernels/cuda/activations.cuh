// The activations on the GPU: value and slope of each at a number. NaN stays NaN; where a slope jumps, it is the
// reference's, as in the CPU's body.
#pragma once

#include <cuda_runtime.h>

#include <cmath>

#include <tl/core/activation.hpp>

namespace tl::cuda {

template <class T> struct ValueAndSlope { T value, slope; };

template <class T> static __device__ T logistic(T x) { return T(1) / (T(1) + std::exp(-x)); }
template <class T> static __device__ T softplus(T x) { return x > T(20) ? x : std::log1p(std::exp(x)); }

/// x Phi(x), with Phi the distribution function of the standard normal.
template <class T> static __device__ ValueAndSlope<T> gelu(T x) {
  const T cumulative = T(0.5) * (T(1) + std::erf(x * T(0.70710678118654752440)));
  return {x * cumulative, cumulative + x * T(0.39894228040143267794) * std::exp(T(-0.5) * x * x)};
}

/// x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3).
template <class T> static __device__ ValueAndSlope<T> gelu_tanh(T x) {
  const T t = std::tanh(T(0.79788456080286535588) * (x + T(0.044715) * x * x * x));
  const T du = T(0.79788456080286535588) * (T(1) + T(3 * 0.044715) * x * x);
  return {T(0.5) * x * (T(1) + t), T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * du};
}

template <class T> static __device__ ValueAndSlope<T> laplace(T x) {
  constexpr T mean = T(0.707107), deviation = T(0.282095);
  const T z = (x - mean) / (deviation * T(1.41421356237309504880));
  return {T(0.5) * (T(1) + std::erf(z)), T(0.39894228040143267794) * std::exp(-z * z) / deviation};
}

/// The activations made of the logistic function, the exponential or the square root of it.
template <class T> static __device__ ValueAndSlope<T> smooth_activation(Activation f, T x) {
  switch (f) {
    case Activation::silu: {
      const T s = logistic(x);
      return {x * s, s * (T(1) + x * (T(1) - s))};
    }
    case Activation::quick_gelu: {
      const T s = logistic(T(1.702) * x);
      return {x * s, s + T(1.702) * x * s * (T(1) - s)};
    }
    case Activation::mish: {
      const T t = std::tanh(softplus(x));
      return {x * t, t + x * (T(1) - t * t) * logistic(x)};
    }
    case Activation::sigmoid: {
      const T s = logistic(x);
      return {s, s * (T(1) - s)};
    }
    case Activation::sqrtsoftplus: {
      const T root = std::sqrt(softplus(x));
      return {root, logistic(x) / (T(2) * root)};
    }
    default: return {x, T(1)};
  }
}

/// f(x) and f'(x).
template <class T> static __device__ ValueAndSlope<T> activation_at(Activation f, T x) {
  switch (f) {
    case Activation::gelu: return gelu(x);
    case Activation::gelu_tanh: return gelu_tanh(x);
    case Activation::relu: return {x < T(0) ? T(0) : x, x > T(0) ? T(1) : T(0)};
    case Activation::tanh: {
      const T t = std::tanh(x);
      return {t, T(1) - t * t};
    }
    case Activation::gelu_10: {
      const ValueAndSlope<T> at = gelu(x);
      return at.value > T(10) ? ValueAndSlope<T>{T(10), T(0)} : at;
    }
    case Activation::laplace: return laplace(x);
    case Activation::relu2: return x <= T(0) ? ValueAndSlope<T>{T(0), T(0)} : ValueAndSlope<T>{x * x, T(2) * x};
    case Activation::relu6:
      if (x <= T(0)) return {T(0), T(0)};
      if (x >= T(6)) return {T(6), T(0)};
      return {x, T(1)};
    case Activation::leaky_relu: return x > T(0) ? ValueAndSlope<T>{x, T(1)} : ValueAndSlope<T>{T(0.01) * x, T(0.01)};
    case Activation::hardswish:
      if (x <= T(-3)) return {T(0), T(0)};
      if (x >= T(3)) return {x, T(1)};
      return {x * (x + T(3)) / T(6), x / T(3) + T(0.5)};
    default: return smooth_activation(f, x);
  }
}

}  // namespace tl::cuda
