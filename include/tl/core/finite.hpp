// Whether a number is finite, or stays so as a float, read from its bits. Under -ffast-math the standard functions and
// comparisons are answered without looking at the number, and a run whose loss is NaN must end all the same.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace tl::detail {

/// The bits of |value| as a double, which order as the values do: infinity, and after it every NaN.
template <std::floating_point T> constexpr std::uint64_t magnitude(T value) {
  if constexpr (sizeof(T) == sizeof(std::uint32_t)) return std::bit_cast<std::uint32_t>(value) & 0x7fffffffU;
  else return std::bit_cast<std::uint64_t>(value) & 0x7fffffffffffffffU;
}

template <std::floating_point T>
inline constexpr std::uint64_t infinity_magnitude = sizeof(T) == sizeof(std::uint32_t) ? 0x7f800000U
                                                                                       : 0x7ff0000000000000U;

/// False for NaN and infinity, however the program is compiled.
template <std::floating_point T> constexpr bool is_finite(T value) { return magnitude(value) < infinity_magnitude<T>; }

/// True for NaN, however the program is compiled.
template <std::floating_point T> constexpr bool is_nan(T value) { return magnitude(value) > infinity_magnitude<T>; }

/// Whether a number stays finite as a float; what is not finite is so before and after.
constexpr bool fits_float(double value) { return !is_finite(value) || is_finite(static_cast<float>(value)); }

}  // namespace tl::detail
