// Contract of sum: y = scale * (sum of all elements of x), and of its backward pass dx = scale * dy for every element.
// y and dx are overwritten. The order of the additions does not depend on threads.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct SumForward {
  const T* x;  // [n]
  T* y;        // [1]
  std::int64_t n;
  T scale = T(1);
};

template <class T> struct SumBackward {
  const T* dy;  // [1]
  T* dx;        // [n], overwritten
  std::int64_t n;
  T scale = T(1);
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void sum_forward(const kernels::SumForward<T>&);
template <class T> void sum_backward(const kernels::SumBackward<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T> inline constinit Slot<SumForward<T>> sum_forward{"sum_forward", &cpu::sum_forward<T>};
template <class T> inline constinit Slot<SumBackward<T>> sum_backward{"sum_backward", &cpu::sum_backward<T>};
}  // namespace tl::kernels
