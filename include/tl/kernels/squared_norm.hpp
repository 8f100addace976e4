// Contract of squared_norm: the sum of squares of a flat range, accumulated in double in an order that does not depend
// on threads. result is overwritten.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

inline constexpr std::int64_t squared_norm_chunk = 16384;

template <class T> struct SquaredNorm {
  const T* x;      // [n]
  double* result;  // [1], host memory
  std::int64_t n;
  const std::uint8_t* active = nullptr;  // [ceil(n / chunk)], 0 for chunks that are known to be zero; or null
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void squared_norm(const kernels::SquaredNorm<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T> inline constinit Slot<SquaredNorm<T>> squared_norm{"squared_norm", &cpu::squared_norm<T>};
}  // namespace tl::kernels
