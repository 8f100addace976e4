// Contract of dropout: y = x * mask / (share kept). The backward pass is the same function applied to dy.
// y is overwritten. Source: Srivastava et al. 2014, JMLR 15.
#pragma once

#include <cstdint>

#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct Dropout {
  static constexpr const char* name = "dropout";

  Stored<const T> x;  // [N, D]
  Stored<T> y;        // [N, D], may be x itself
  std::int64_t n, d;
  DropoutMask mask;
  Precision precision = Precision::f32;
};

}  // namespace tl::kernels
