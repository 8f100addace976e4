// Contract of add: y = a + alpha * b, element by element. y is overwritten and may be a itself.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct Add {
  const T* a;  // [n]
  const T* b;  // [n]
  T* y;        // [n]
  std::int64_t n;
  T alpha = T(1);
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void add(const kernels::Add<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T> inline constinit Slot<Add<T>> add{"add", &cpu::add<T>};
}  // namespace tl::kernels
