// Contract of add: y = a + alpha * b, element by element. y is overwritten and may be a itself.
#pragma once

#include <cstdint>

#include <tl/core/stored.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct Add {
  static constexpr const char* name = "add";

  Stored<const T> a;  // [n]
  Stored<const T> b;  // [n]
  Stored<T> y;        // [n]
  std::int64_t n;
  T alpha = T(1);
};

}  // namespace tl::kernels
