// Contract of multiply: y = a * b, element by element. y is overwritten, or accumulates if asked to.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct Multiply {
  const T* a;  // [n]
  const T* b;  // [n]
  T* y;        // [n]
  std::int64_t n;
  bool accumulate = false;
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void multiply(const kernels::Multiply<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T> inline constinit Slot<Multiply<T>> multiply{"multiply", &cpu::multiply<T>};
}  // namespace tl::kernels
