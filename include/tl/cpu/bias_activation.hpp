// CPU bodies of bias_activation, and the activations with their derivatives as functions of the pre-activation.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include <tl/cpu/rounding.hpp>
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

/// Calls body(f) with one of the activations above.
template <class Body> TL_INLINE inline void with_activation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::gelu: return body(Gelu{});
    case Activation::gelu_tanh: return body(GeluTanh{});
    case Activation::relu: return body(Relu{});
    case Activation::tanh: return body(Tanh{});
  }
}

}  // namespace detail

/// The argument of the activation: x + bias, in bf16 rounded, or as the forward pass saved it.
template <class T> class PreActivation {
 public:
  /// Columns that a kernel takes through all its loops before the next ones: they stay in the first-level cache.
  static constexpr std::int64_t piece = 512;

  PreActivation(kernels::Saved<T> x, const T* bias, std::int64_t width, Precision precision)
      : x_(x), bias_(bias), width_(width), rounded_(precision == Precision::bf16), zeros_(piece) {}

  /// Two arrays whose sum is the argument for columns [first, first + count) of a row, count <= piece. `room` [count]
  /// is written to in bf16 only.
  TL_INLINE std::pair<const T*, const T*> at(std::int64_t row, std::int64_t first, std::int64_t count, T* room) const {
    if (x_.rounded) {
      load_bf16(x_.rounded + row * width_ + first, room, count);
      return {room, zeros_.data()};
    }
    const T *const x = x_.values + row * width_ + first, *const bias = bias_ ? bias_ + first : zeros_.data();
    if (!rounded_) return {x, bias};
    vector_loop(count, [=](std::int64_t i) TL_INLINE { room[i] = round_to_bf16(x[i] + bias[i]); });
    return {room, zeros_.data()};
  }

 private:
  kernels::Saved<T> x_;
  const T* bias_;
  std::int64_t width_;
  bool rounded_;
  std::vector<T> zeros_;
};

template <class T> void bias_activation_forward(const kernels::BiasActivationForward<T>& a) {
  const PreActivation<T> argument(a.x, a.bias, a.f, a.precision);
  parallel_vectorized<T>(a.n, row_grain(a.f), [&a, &argument](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t first = 0; first < a.f; first += argument.piece) {
        const std::int64_t count = std::min(argument.piece, a.f - first);
        T* const y = a.y + row * a.f + first;
        const auto terms = argument.at(row, first, count, y);
        if (a.argument_saved) store_bf16(y, a.argument_saved + row * a.f + first, count);
        detail::with_activation(a.activation, [&](auto f) TL_INLINE {
          vector_map(
              count, y, [](T x, T bias) TL_INLINE { return decltype(f)::value(x + bias); }, terms.first, terms.second);
        });
        round_row(y, count, a.precision);
      }
  });
}

template <class T> void bias_activation_backward(const kernels::BiasActivationBackward<T>& a) {
  const PreActivation<T> argument(a.x, a.bias, a.f, a.precision);
  RowReduction<T> sums(a.n, a.f);
  sums.for_each_block([&a, &argument](std::int64_t begin, std::int64_t end, T* sum) TL_INLINE {
    alignas(64) T room[PreActivation<T>::piece];
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t first = 0; first < a.f; first += argument.piece) {
        const std::int64_t count = std::min(argument.piece, a.f - first);
        const T* const dy = a.dy + row * a.f + first;
        T *const dx = a.dx + row * a.f + first, *const dbias = sum + first;
        const auto terms = argument.at(row, first, count, room);
        detail::with_activation(a.activation, [&](auto f) TL_INLINE {
          vector_map(
              count, dx, [](T g, T x, T bias) TL_INLINE { return g * decltype(f)::slope(x + bias); }, dy, terms.first,
              terms.second);
        });
        round_row(dx, count, a.precision);
        vector_loop(count, [=](std::int64_t i) TL_INLINE { dbias[i] += dx[i]; });
      }
  });
  sums.add_to(a.dbias, 0, a.f);
}

}  // namespace tl::cpu
