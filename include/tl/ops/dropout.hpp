// dropout: zeroes a random share of the elements and scales the others up.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/autograd/variable.hpp>
#include <tl/core/batch.hpp>
#include <tl/kernels/cpu/dropout.hpp>
#include <tl/kernels/dropout.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = x * mask / (share kept) for x [N, D]; returns x itself if the mask is not active.
/// `rows` is the batch whose tokens are the rows, if the coordinates of `mask` are its arrays, which are then kept;
/// otherwise the caller keeps them alive until backward(). Source: Srivastava et al. 2014.
template <Real T>
Variable<T> dropout(const Variable<T>& x, const kernels::DropoutMask& mask, Precision precision = Precision::f32,
                    const Batch* rows = nullptr) {
  check(mask.p >= 0.0 && mask.p <= 1.0, ErrorCode::invalid_argument, "dropout: expected p in [0, 1], got ", mask.p);
  if (!mask.active()) return x;
  if (rows)
    check_same_device("dropout", {{"x", x}, {"sequence_ids", rows->sequence_ids}, {"positions", rows->positions}});
  check(x.shape().rank() == 2, ErrorCode::shape, "dropout: expected x [N, D], got ", x.value());
  const std::int64_t n = x.size(0), d = x.size(1);
  const DType format = result_format<T>(x.device(), precision);
  const Tensor<T> given = tl::detail::in_format(x.value(), format);
  Tensor<T> y = Tensor<T>::empty({n, d}, x.device(), format);  // [N, D]
  kernels::run(
      x.device(),
      kernels::Dropout<T>{.x = given.stored(), .y = y.stored(), .n = n, .d = d, .mask = mask, .precision = precision});
  SavedValue<std::int32_t> sequences, positions;
  if (rows) {
    sequences = SavedValue<std::int32_t>(rows->sequence_ids);
    positions = SavedValue<std::int32_t>(rows->positions);
  }
  return Variable<T>::record(y, {x}, [=, gx = x.gradient()](const Tensor<T>& arrived) {
    (void)sequences.data(), (void)positions.data();  // the mask reads them
    const Tensor<T> dy = tl::detail::in_format(arrived, format);
    Tensor<T> dx = Tensor<T>::empty({n, d}, dy.device(), format);  // [N, D]
    kernels::run(
        dy.device(),
        kernels::Dropout<T>{.x = dy.stored(), .y = dx.stored(), .n = n, .d = d, .mask = mask, .precision = precision});
    gx.add(dx);
  });
}

}  // namespace tl::ops
