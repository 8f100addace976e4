// Contract of divide: y = a / b, element by element. y, da and db are overwritten; da and db may be null.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct DivideForward {
  static constexpr const char* name = "divide_forward";

  const T* a;  // [n]
  const T* b;  // [n]
  T* y;        // [n]
  std::int64_t n;
};

template <class T> struct DivideBackward {
  static constexpr const char* name = "divide_backward";

  const T* dy;  // [n]
  const T* b;   // [n]
  const T* y;   // [n]
  T* da;        // [n] or null
  T* db;        // [n] or null
  std::int64_t n;
};

}  // namespace tl::kernels
