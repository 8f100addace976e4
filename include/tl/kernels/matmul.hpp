// Contract of matmul: c = op(a) op(b), where op transposes if asked to. c is overwritten, or accumulates if asked to.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct MatMul {
  static constexpr const char* name = "matmul";

  const T* a;  // [M, K], or [K, M] if transpose_a
  const T* b;  // [K, N], or [N, K] if transpose_b
  T* c;        // [M, N]
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  bool accumulate = false;
};

}  // namespace tl::kernels
