// CPU bodies of bias_activation, and the activations with their derivatives as functions of the pre-activation.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include <tl/cpu/rounding.hpp>
#include <tl/cpu/row_reduction.hpp>
#include <tl/cpu/scratch.hpp>
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

/// The argument of the activation, row by row: x + bias, in bf16 rounded.
template <class T> class PreActivation {
 public:
  PreActivation(const T* x, const T* bias, std::int64_t width, Precision precision)
      : x_(x), bias_(bias), width_(width), rounded_(precision == Precision::bf16) {
    if (!bias || rounded_) zeros_.resize(static_cast<std::size_t>(width));
    if (!bias) bias_ = zeros_.data();
  }

  /// Two rows whose sum is the argument. `room` [width] is written to in bf16 only.
  TL_INLINE std::pair<const T*, const T*> row(std::int64_t row, T* room) const {
    const T *const x = x_ + row * width_, *const bias = bias_;
    if (!rounded_) return {x, bias};
    vector_loop(width_, [=](std::int64_t i) TL_INLINE { room[i] = round_to_bf16(x[i] + bias[i]); });
    return {room, zeros_.data()};
  }

 private:
  const T* x_;
  const T* bias_;
  std::int64_t width_;
  bool rounded_;
  std::vector<T> zeros_;
};

template <class T> void bias_activation_forward(const kernels::BiasActivationForward<T>& a) {
  const PreActivation<T> argument(a.x, a.bias, a.f, a.precision);
  detail::with_activation(a.activation, [&](auto f) {
    parallel_vectorized<T>(a.n, row_grain(a.f), [&a, &argument](std::int64_t begin, std::int64_t end) TL_INLINE {
      for (std::int64_t row = begin; row < end; ++row) {
        T* const y = a.y + row * a.f;
        const auto terms = argument.row(row, y);
        vector_loop(a.f, [y, x = terms.first, bias = terms.second](std::int64_t i)
                             TL_INLINE { y[i] = decltype(f)::value(x[i] + bias[i]); });
        round_row(y, a.f, a.precision);
      }
    });
  });
}

template <class T> void bias_activation_backward(const kernels::BiasActivationBackward<T>& a) {
  const PreActivation<T> argument(a.x, a.bias, a.f, a.precision);
  RowReduction<T> sums(a.n, a.f);
  detail::with_activation(a.activation, [&](auto f) {
    sums.for_each_block([&a, &argument](std::int64_t begin, std::int64_t end, T* dbias) TL_INLINE {
      T* const room = ones<T>(a.f);
      for (std::int64_t row = begin; row < end; ++row) {
        const T* const dy = a.dy + row * a.f;
        T* const dx = a.dx + row * a.f;
        const auto terms = argument.row(row, room);
        vector_loop(a.f, [dx, dy, x = terms.first, bias = terms.second](std::int64_t i)
                             TL_INLINE { dx[i] = dy[i] * decltype(f)::slope(x[i] + bias[i]); });
        round_row(dx, a.f, a.precision);
        vector_loop(a.f, [dx, dbias](std::int64_t i) TL_INLINE { dbias[i] += dx[i]; });
      }
    });
  });
  sums.add_to(a.dbias, 0, a.f);
}

}  // namespace tl::cpu
