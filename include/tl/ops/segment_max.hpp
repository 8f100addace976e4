// segment_max: the largest value of each column over each sequence's rows.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/core/batch.hpp>
#include <tl/kernels/cpu/segment_max.hpp>
#include <tl/kernels/segment_max.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y[b][i] = the largest x[r][i] of the rows r in [cu_seqlens[b], cu_seqlens[b + 1]) of x [N, D]: y [B, D]. Of equal
/// rows the gradient goes to the first. Throws Error(shape) unless cu_seqlens begins at 0, ascends and ends at N.
template <Real T> Variable<T> segment_max(const Variable<T>& x, const Tensor<std::int32_t>& cu_seqlens) {
  check_same_device("segment_max", {{"x", x}, {"cu_seqlens", cu_seqlens}});
  check(x.shape().rank() == 2 && cu_seqlens.rank() == 1 && cu_seqlens.size(0) >= 1, ErrorCode::shape,
        "segment_max: expected x [N, D] and cu_seqlens [B + 1], got ", x.value(), " and ", cu_seqlens);
  tl::detail::check_offsets("segment_max", cu_seqlens, x.size(0));
  const std::int64_t b = cu_seqlens.size(0) - 1, d = x.size(1);
  const Shape shape = x.shape();
  Tensor<T> y = Tensor<T>::empty({b, d}, x.device());             // [B, D]
  auto argmax = Tensor<std::int32_t>::empty({b, d}, x.device());  // [B, D]
  kernels::run(x.device(), kernels::SegmentMaxForward<T>{.x = x.own_value().data(),
                                                         .cu_seqlens = cu_seqlens.data(),
                                                         .y = y.data(),
                                                         .argmax = argmax.data(),
                                                         .n = shape[0],
                                                         .b = b,
                                                         .d = d});
  return Variable<T>::record(y, {x}, [=, gx = x.gradient()](const Tensor<T>& dy) {
    Tensor<T> dx = Tensor<T>::empty(shape, dy.device());  // [N, D]
    kernels::run(dy.device(),
                 kernels::SegmentMaxBackward<T>{
                     .dy = dy.data(), .argmax = argmax.data(), .dx = dx.data(), .n = shape[0], .b = b, .d = d});
    gx.add(dx);
  });
}

}  // namespace tl::ops
