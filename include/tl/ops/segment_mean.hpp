// segment_mean: the mean of each sequence's rows.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/core/batch.hpp>
#include <tl/kernels/cpu/segment_mean.hpp>
#include <tl/kernels/segment_mean.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y[b] = mean of the rows [cu_seqlens[b], cu_seqlens[b + 1]) of x [N, D]: y [B, D].
/// Throws Error(shape) unless cu_seqlens begins at 0, ascends and ends at N.
template <Real T> Variable<T> segment_mean(const Variable<T>& x, const Tensor<std::int32_t>& cu_seqlens) {
  check_same_device("segment_mean", {{"x", x}, {"cu_seqlens", cu_seqlens}});
  check(x.shape().rank() == 2 && cu_seqlens.rank() == 1 && cu_seqlens.size(0) >= 1, ErrorCode::shape,
        "segment_mean: expected x [N, D] and cu_seqlens [B + 1], got ", x.value(), " and ", cu_seqlens);
  tl::detail::check_offsets("segment_mean", cu_seqlens, x.size(0));
  const std::int64_t b = cu_seqlens.size(0) - 1, d = x.size(1);
  const Shape shape = x.shape();
  Tensor<T> y = Tensor<T>::empty({b, d}, x.device());  // [B, D]
  kernels::run(
      x.device(),
      kernels::SegmentMeanForward<T>{
          .x = x.own_value().data(), .cu_seqlens = cu_seqlens.data(), .y = y.data(), .n = shape[0], .b = b, .d = d});
  return Variable<T>::record(y, {x}, [=, offsets = SavedValue(cu_seqlens), gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = Tensor<T>::empty(shape, dy.device());  // [N, D]
    kernels::run(dy.device(),
                 kernels::SegmentMeanBackward<T>{
                     .dy = dy.data(), .cu_seqlens = offsets.data(), .dx = dx.data(), .n = shape[0], .b = b, .d = d});
    gx.add(dx);
  });
}

}  // namespace tl::ops
