// segment_mean: the mean of each sequence's rows.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/cpu/segment_mean.hpp>
#include <tl/kernels/segment_mean.hpp>

namespace tl::ops {

/// y[b] = mean of the rows [cu_seqlens[b], cu_seqlens[b + 1]) of x [N, D]: y [B, D].
/// Throws Error(shape) if cu_seqlens does not end at N.
template <Real T> Variable<T> segment_mean(const Variable<T>& x, const Tensor<std::int32_t>& cu_seqlens) {
  check(x.shape().rank() == 2 && cu_seqlens.rank() == 1 && cu_seqlens.size(0) >= 1, ErrorCode::shape,
        "segment_mean: expected x [N, D] and cu_seqlens [B + 1], got ", x.value(), " and ", cu_seqlens);
  const std::int64_t b = cu_seqlens.size(0) - 1, d = x.size(1);
  check(cu_seqlens.device().type != DeviceType::cpu || cu_seqlens.data()[b] == x.size(0), ErrorCode::shape,
        "segment_mean: expected cu_seqlens to end at the ", x.size(0), " rows of x, got ", cu_seqlens.data()[b]);
  const Shape shape = x.shape();
  Tensor<T> y = Tensor<T>::empty({b, d}, x.device());  // [B, D]
  kernels::segment_mean_forward<T>(x.device(), {x.value().data(), cu_seqlens.data(), y.data(), b, d});
  return Variable<T>::record(y, {x}, [=, gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = Tensor<T>::empty(shape, dy.device());  // [N, D]
    kernels::segment_mean_backward<T>(dy.device(), {dy.data(), cu_seqlens.data(), dx.data(), b, d});
    gx.add(dx);
  });
}

}  // namespace tl::ops
