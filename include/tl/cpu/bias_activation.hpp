// CPU bodies of bias_activation, and the activations with their derivatives as functions of the pre-activation.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include <tl/cpu/precision_rounding.hpp>
#include <tl/cpu/row_reduction.hpp>
#include <tl/cpu/vector_math.hpp>
#include <tl/kernels/bias_activation.hpp>

namespace tl::cpu {

namespace detail {

/// x Phi(x), with Phi the distribution function of the standard normal.
struct Gelu {
  template <class T> TL_INLINE static T value(T x) { return T(0.5) * x * (T(1) + erf(x * T(0.70710678118654752440))); }
  template <class T> TL_INLINE static T slope(T x) {
    const T cumulative = T(0.5) * (T(1) + erf(x * T(0.70710678118654752440)));
    return cumulative + x * T(0.39894228040143267794) * exp(T(-0.5) * x * x);
  }
};

/// x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
  template <class T> TL_INLINE static T value(T x) {
    const T u = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
    return T(0.5) * x * (T(1) + tanh(u));
  }
  template <class T> TL_INLINE static T slope(T x) {
    const T u = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
    const T t = tanh(u);
    const T du = T(0.79788456080286535588) * (T(1) + T(3 * 0.044715) * x * x);
    return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * du;
  }
};

struct Relu {
  // NaN stays NaN, as in the reference.
  TL_INLINE static float value(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return std::bit_cast<float>(bits - 0x80000000U <= 0x7f800000U ? 0U : bits);
  }
  TL_INLINE static float slope(float x) {
    return std::bit_cast<float>(std::bit_cast<std::int32_t>(x) > 0 ? std::bit_cast<std::int32_t>(1.0F) : 0);
  }
  TL_INLINE static double value(double x) { return x < 0 ? 0 : x; }
  TL_INLINE static double slope(double x) { return x > 0 ? 1 : 0; }
};

struct Tanh {
  template <class T> TL_INLINE static T value(T x) { return tanh(x); }
  template <class T> TL_INLINE static T slope(T x) {
    const T t = tanh(x);
    return T(1) - t * t;
  }
};

template <class Body> void with_activation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::gelu: return body(Gelu{});
    case Activation::gelu_tanh: return body(GeluTanh{});
    case Activation::relu: return body(Relu{});
    case Activation::tanh: return body(Tanh{});
  }
}

}  // namespace detail

template <class T> void bias_activation_forward(const kernels::BiasActivationForward<T>& a) {
  const std::vector<T> zeros(static_cast<std::size_t>(a.bias ? 0 : a.f));
  const T* const bias = a.bias ? a.bias : zeros.data();
  detail::with_activation(a.activation, [&a, bias](auto f) {
    with_rounding(a.precision, [&a, bias, f](auto round) {
      parallel_vectorized<T>(a.n, row_grain(a.f), [a, bias, f, round](std::int64_t begin, std::int64_t end) TL_INLINE {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* const x = a.x + row * a.f;
          T* const y = a.y + row * a.f;
          vector_loop(a.f, [=](std::int64_t i) TL_INLINE { y[i] = round(f.value(round(x[i] + bias[i]))); });
        }
      });
    });
  });
}

template <class T> void bias_activation_backward(const kernels::BiasActivationBackward<T>& a) {
  const std::vector<T> zeros(static_cast<std::size_t>(a.bias ? 0 : a.f));
  const T* const bias = a.bias ? a.bias : zeros.data();
  RowReduction<T> sums(a.n, a.f);
  detail::with_activation(a.activation, [&a, &sums, bias](auto f) {
    with_rounding(a.precision, [&a, &sums, bias, f](auto round) {
      sums.for_each_block([a, bias, f, round](std::int64_t begin, std::int64_t end, T* dbias) TL_INLINE {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* const dy = a.dy + row * a.f;
          const T* const x = a.x + row * a.f;
          T* const dx = a.dx + row * a.f;
          vector_loop(a.f, [=](std::int64_t i) TL_INLINE {
            const T g = round(dy[i] * f.slope(round(x[i] + bias[i])));
            dx[i] = g;
            dbias[i] += g;
          });
        }
      });
    });
  });
  sums.add_to(a.dbias, 0, a.f);
}

}  // namespace tl::cpu
