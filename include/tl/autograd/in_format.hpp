// in_format(): a tensor in the format that a kernel takes.
#pragma once

#include <tl/core/tensor.hpp>
#include <tl/kernels/convert.hpp>
#include <tl/kernels/cpu/convert.hpp>

namespace tl::detail {

/// `tensor` itself if it is stored in `format`, or undefined, else a copy that is converted on its device.
template <Real T> Tensor<T> in_format(const Tensor<T>& tensor, DType format) {
  if (!tensor.defined() || tensor.format() == format) return tensor;
  Tensor<T> result = Tensor<T>::empty(tensor.shape(), tensor.device(), format);
  kernels::run(tensor.device(),
               kernels::Convert<T>{.x = tensor.stored(), .y = result.stored(), .n = result.elements()});
  return result;
}

/// `tensor` in T's own format.
template <Real T> Tensor<T> in_own_format(const Tensor<T>& tensor) { return in_format(tensor, dtype_of<T>); }

}  // namespace tl::detail
