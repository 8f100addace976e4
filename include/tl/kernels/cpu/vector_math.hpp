// exp, erf and tanh without branches, so that loops over them become vector code: the float versions are polynomials,
// the double versions (gradient checks) are the standard library's. Selections compare integers; see vector_loops.hpp.
// Coefficients: least maximum error on the stated interval by iteratively reweighted least squares.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

namespace detail {

inline constexpr std::int32_t infinity_bits = 0x7f800000;

/// |x| as an integer that orders like |x|; NaN comes after infinity.
TL_INLINE inline std::int32_t magnitude_bits(float x) { return std::bit_cast<std::int32_t>(x) & 0x7fffffff; }

/// |x|, but at most `limit`; also for NaN.
TL_INLINE inline float clamped_magnitude(float x, float limit) {
  const std::int32_t bits = magnitude_bits(x), most = std::bit_cast<std::int32_t>(limit);
  return std::bit_cast<float>(bits < most ? bits : most);
}

/// `magnitude` with the sign of x; NaN if x is NaN.
TL_INLINE inline float with_sign_of(float magnitude, float x) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t result = std::bit_cast<std::int32_t>(magnitude) | (bits & INT32_MIN);
  return std::bit_cast<float>(magnitude_bits(x) > infinity_bits ? bits : result);
}

/// exp(x) for |x| <= 104: x = k ln 2 + r, 2^k in two factors so that overflow and subnormal results come out right.
TL_INLINE inline float exp_bounded(float x) {
  const float shifted = x * 0x1.715476p+0F + 0x1.8p23F;  // the fraction's low bits now hold round(x / ln 2)
  const float k = shifted - 0x1.8p23F;
  const float r = (x - k * 0x1.62e4p-1F) - k * 0x1.7f7d1cp-20F;  // ln 2 in two parts; the first product is exact
  float p = 0x1.6db4e8p-10F;
  p = p * r + 0x1.123bdep-7F;
  p = p * r + 0x1.55545ep-5F;
  p = p * r + 0x1.55548ep-3F;
  p = p * r + 0.5F;
  p = p * (r * r) + r + 1.0F;
  const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(0x1.8p23F);
  const std::int32_t half = exponent >> 1;
  const float first = std::bit_cast<float>((half + 127) << 23);
  const float second = std::bit_cast<float>((exponent - half + 127) << 23);
  return p * first * second;
}

}  // namespace detail

/// e^x, within 2 ulp for normal results; 0 and infinity where float ends; NaN for NaN.
TL_INLINE inline float exp(float x) {
  const float bounded = detail::with_sign_of(detail::clamped_magnitude(x, 104.0F), x);
  const float result = detail::exp_bounded(bounded);
  return detail::magnitude_bits(x) > detail::infinity_bits ? x : result;
}
TL_INLINE inline double exp(double x) { return std::exp(x); }

/// The error function, with an absolute error of at most 1e-7 and a relative error of at most 2e-7.
TL_INLINE inline float erf(float x) {
  const float t = detail::clamped_magnitude(x, 4.0F);
  const float s = t * t;
  float q = -0x1.406866p-11F;  // erf(t) / t - 1 on [0, 0.9] in s = t^2
  q = q * s + 0x1.48be5ap-8F;
  q = q * s - 0x1.b6cbacp-6F;
  q = q * s + 0x1.ce1ec2p-4F;
  q = q * s - 0x1.8127p-2F;
  q = q * s + 0x1.06eba6p-3F;
  const float near = q * t + t;
  float g = -0x1.c11cfcp-13F;  // -log(1 - erf(t)) / t on [0.9, 4]
  g = g * t + 0x1.a59634p-9F;
  g = g * t - 0x1.771d1ep-6F;
  g = g * t + 0x1.af302p-4F;
  g = g * t + 0x1.457bf2p-1F;
  g = g * t + 0x1.20e676p+0F;
  const float far = 1.0F - detail::exp_bounded(-g * t);
  const bool is_near = std::bit_cast<std::int32_t>(t) < std::bit_cast<std::int32_t>(0.9F);
  return detail::with_sign_of(is_near ? near : far, x);
}
TL_INLINE inline double erf(double x) { return std::erf(x); }

/// The hyperbolic tangent, with an absolute error of at most 1e-7 and a relative error of at most 2e-7.
TL_INLINE inline float tanh(float x) {
  const float t = detail::clamped_magnitude(x, 10.0F);
  const float s = t * t;
  float q = -0x1.76ac18p-8F;  // (tanh(t) / t - 1) / s on [0, 0.625] in s = t^2
  q = q * s + 0x1.5256d6p-6F;
  q = q * s - 0x1.b84448p-5F;
  q = q * s + 0x1.110768p-3F;
  q = q * s - 0x1.555534p-2F;
  const float near = q * s * t + t;
  const float far = 1.0F - 2.0F / (detail::exp_bounded(2.0F * t) + 1.0F);
  const bool is_near = std::bit_cast<std::int32_t>(t) < std::bit_cast<std::int32_t>(0.625F);
  return detail::with_sign_of(is_near ? near : far, x);
}
TL_INLINE inline double tanh(double x) { return std::tanh(x); }

}  // namespace tl::cpu
