// CPU bodies of bias_activation, and the activations with their derivatives as functions of the pre-activation.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <tl/kernels/bias_activation.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/row_reduction.hpp>
#include <tl/kernels/cpu/vector_math.hpp>

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

/// x (1 + t) / 2 with t = tanh(u), u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
  template <class T> TL_INLINE static T argument(T x) {
    return T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
  }
  template <class T> TL_INLINE static T value(T x, T t) { return T(0.5) * x * (T(1) + t); }
  template <class T> TL_INLINE static T slope(T x, T t) {
    const T du = T(0.79788456080286535588) * (T(1) + T(3 * 0.044715) * x * x);
    return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * du;
  }
};

template <class T> struct ValueAndSlope { T value, slope; };

template <class T> T logistic(T x) { return T(1) / (T(1) + std::exp(-x)); }
template <class T> T softplus(T x) { return x > T(20) ? x : std::log1p(std::exp(x)); }

/// The activations that are computed value by value. NaN stays NaN; where a slope jumps, it is the reference's.
template <class T> ValueAndSlope<T> value_and_slope(Activation f, T x) {
  switch (f) {
    case Activation::silu: {
      const T s = logistic(x);
      return {x * s, s * (T(1) + x * (T(1) - s))};
    }
    case Activation::quick_gelu: {
      const T s = logistic(T(1.702) * x);
      return {x * s, s + T(1.702) * x * s * (T(1) - s)};
    }
    case Activation::gelu_10: {
      const T y = Gelu::value(x);
      if (y > T(10)) return {T(10), T(0)};
      return {y, Gelu::slope(x)};
    }
    case Activation::laplace: {
      constexpr T mean = T(0.707107), deviation = T(0.282095);
      const T z = (x - mean) / (deviation * T(1.41421356237309504880));
      return {T(0.5) * (T(1) + erf(z)), T(0.39894228040143267794) * exp(-z * z) / deviation};
    }
    case Activation::mish: {
      const T t = std::tanh(softplus(x));
      return {x * t, t + x * (T(1) - t * t) * logistic(x)};
    }
    case Activation::relu2: return x <= T(0) ? ValueAndSlope<T>{T(0), T(0)} : ValueAndSlope<T>{x * x, T(2) * x};
    case Activation::relu6:
      if (x <= T(0)) return {T(0), T(0)};
      if (x >= T(6)) return {T(6), T(0)};
      return {x, T(1)};
    case Activation::sigmoid: {
      const T s = logistic(x);
      return {s, s * (T(1) - s)};
    }
    case Activation::leaky_relu: return x > T(0) ? ValueAndSlope<T>{x, T(1)} : ValueAndSlope<T>{T(0.01) * x, T(0.01)};
    case Activation::hardswish:
      if (x <= T(-3)) return {T(0), T(0)};
      if (x >= T(3)) return {x, T(1)};
      return {x * (x + T(3)) / T(6), x / T(3) + T(0.5)};
    case Activation::sqrtsoftplus: {
      const T root = std::sqrt(softplus(x));
      return {root, logistic(x) / (T(2) * root)};
    }
    default: return {x, T(1)};  // linear; the others have loops of their own
  }
}

/// rare_activation() for those. One loop: what one of them costs is little beside the matrix products around it.
template <class T>
void each_activation(Activation f, std::int64_t count, const T* x, const T* bias, const T* dy, T* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const ValueAndSlope<T> at = value_and_slope(f, x[i] + bias[i]);
    out[i] = dy ? dy[i] * at.slope : at.value;
  }
}

/// Columns that a kernel takes through all its loops before the next ones: they stay in the first-level cache.
inline constexpr std::int64_t activation_piece = 512;

/// out[i] = f(x[i] + bias[i]) or, if `dy` is not null, dy[i] f'(x[i] + bias[i]), for an f other than gelu and count <=
/// activation_piece; `out` may be an input. One function for all of them and both passes, because few models have them.
template <class T>
void rare_activation(Activation f, std::int64_t count, const T* x, const T* bias, const T* dy, T* out) {
  if (f >= Activation::silu) return each_activation(f, count, x, bias, dy, out);
  with_vectors<T>([=]() TL_INLINE {
    if (f == Activation::relu) {
      if (dy)
        vector_map(
            count, out, [](T a, T b, T g) TL_INLINE { return g * Relu::slope(a + b); }, x, bias, dy);
      else
        vector_map(
            count, out, [](T a, T b) TL_INLINE { return Relu::value(a + b); }, x, bias);
      return;
    }
    T t[activation_piece];
    const bool gelu = f == Activation::gelu_tanh;
    if (gelu)
      vector_map(
          count, t, [](T a, T b) TL_INLINE { return GeluTanh::argument(a + b); }, x, bias);
    else
      vector_map(
          count, t, [](T a, T b) TL_INLINE { return a + b; }, x, bias);
    vector_map(
        count, t, [](T u) TL_INLINE { return tanh(u); }, t);
    if (gelu && dy)
      vector_map(
          count, out, [](T a, T b, T u, T g) TL_INLINE { return g * GeluTanh::slope(a + b, u); }, x, bias, t, dy);
    else if (gelu)
      vector_map(
          count, out, [](T a, T b, T u) TL_INLINE { return GeluTanh::value(a + b, u); }, x, bias, t);
    else if (dy)
      vector_map(
          count, out, [](T u, T g) TL_INLINE { return g * (T(1) - u * u); }, t, dy);
    else std::copy_n(t, count, out);
  });
}

}  // namespace detail

/// The argument of the activation: x + bias, in bf16 rounded, or as the forward pass saved it.
template <class T> class PreActivation {
 public:
  PreActivation(Stored<const T> x, const T* bias, std::int64_t width, Precision precision)
      : x_(x.own()),
        saved_(x.bf16()),
        bias_(bias),
        width_(width),
        rounded_(precision == Precision::bf16),
        zeros_(detail::activation_piece) {}

  /// Two arrays whose sum is the argument for columns [first, first + count) of a row, count <= activation_piece.
  /// `room` [count] is written to in bf16 only.
  TL_INLINE std::pair<const T*, const T*> at(std::int64_t row, std::int64_t first, std::int64_t count, T* room) const {
    if (saved_) {
      load_bf16(saved_ + row * width_ + first, room, count);
      return {room, zeros_.data()};
    }
    const T *const x = x_ + row * width_ + first, *const bias = bias_ ? bias_ + first : zeros_.data();
    if (!rounded_) return {x, bias};
    vector_loop(count, [=](std::int64_t i) TL_INLINE { room[i] = round_to_bf16(x[i] + bias[i]); });
    return {room, zeros_.data()};
  }

 private:
  const T* x_;
  const bfloat16* saved_;  // x + bias
  const T* bias_;
  std::int64_t width_;
  bool rounded_;
  std::vector<T> zeros_;
};

template <class T> void run(Cpu, const kernels::BiasActivationForward<T>& a) {
  const PreActivation<T> argument(a.x, a.bias, a.f, a.precision);
  parallel_vectorized<T>(a.n, row_grain(a.f), [&a, &argument](std::int64_t begin, std::int64_t end) TL_INLINE {
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t first = 0; first < a.f; first += detail::activation_piece) {
        const std::int64_t count = std::min(detail::activation_piece, a.f - first);
        T* const y = a.y.own() + row * a.f + first;
        const auto [left, right] = argument.at(row, first, count, y);
        if (a.argument_saved) store_bf16(y, a.argument_saved + row * a.f + first, count);
        if (a.activation == Activation::gelu)
          vector_map(
              count, y, [](T x, T bias) TL_INLINE { return detail::Gelu::value(x + bias); }, left, right);
        else detail::rare_activation<T>(a.activation, count, left, right, nullptr, y);
        round_row(y, count, a.precision);
      }
  });
}

template <class T> void run(Cpu, const kernels::BiasActivationBackward<T>& a) {
  const PreActivation<T> argument(a.x, a.bias, a.f, a.precision);
  RowReduction<T> sums(a.n, a.f);
  sums.for_each_block([&a, &argument](std::int64_t begin, std::int64_t end, T* sum) TL_INLINE {
    alignas(64) T room[detail::activation_piece];
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t first = 0; first < a.f; first += detail::activation_piece) {
        const std::int64_t count = std::min(detail::activation_piece, a.f - first);
        const T* const dy = a.dy.own() + row * a.f + first;
        T *const dx = a.dx.own() + row * a.f + first, *const dbias = sum + first;
        const auto [left, right] = argument.at(row, first, count, room);
        if (a.activation == Activation::gelu)
          vector_map(
              count, dx, [](T g, T x, T bias) TL_INLINE { return g * detail::Gelu::slope(x + bias); }, dy, left, right);
        else detail::rare_activation<T>(a.activation, count, left, right, dy, dx);
        round_row(dx, count, a.precision);
        vector_loop(count, [=](std::int64_t i) TL_INLINE { dbias[i] += dx[i]; });
      }
  });
  sums.add_to(a.dbias, 0, a.f);
}

}  // namespace tl::cpu
