// What products read of an operation's inputs, and what it keeps for its backward rule.
#pragma once

#include <tl/autograd/in_format.hpp>
#include <tl/autograd/saved_value.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>

namespace tl::ops {

/// A tensor for a value that backward() alone needs; undefined where nothing is recorded.
template <Real T> Tensor<T> for_backward(const Shape& shape, Device device) {
  return grad_enabled() ? Tensor<T>::empty(shape, device) : Tensor<T>{};
}

/// The value of `x` as products in `precision` read it on its device: the value itself where it is in that format, as
/// on the CPU always, else the copy that is kept or, if there is none, one that is made here.
template <Real T> Tensor<T> operand(const Variable<T>& x, Precision precision) {
  return tl::detail::in_format(x.operand(precision), result_format<T>(x.device(), precision));
}

/// A tensor for the copy of `y` that products in `precision` read; undefined where they read y itself.
template <Real T> Tensor<T> rounded_result(const Tensor<T>& y, Precision precision) {
  const DType format = result_format<T>(y.device(), precision);
  return format == y.format() ? Tensor<T>{} : Tensor<T>::empty(y.shape(), y.device(), format);
}

/// An operand as it is or, where bf16 is rounded but not stored, a copy in bfloat16, which the forward kernel writes:
/// half the memory, and the same numbers, because it is for values that are rounded before every use.
template <Real T> class Operand {
 public:
  Operand(const Tensor<T>& value, Precision precision) {
    if (precision == Precision::bf16 && value.format() == dtype_of<T> && grad_enabled())
      rounded_ = Tensor<bfloat16>::empty(value.shape(), value.device());
    else value_ = SavedValue<T>(value);
  }

  /// Where the forward kernel writes the copy from this element on; null if it need not.
  bfloat16* bf16_out(std::int64_t first = 0) { return rounded_.defined() ? rounded_.data() + first : nullptr; }

  Stored<const T> stored() const { return rounded_.defined() ? Stored<const T>(rounded_.data()) : value_.stored(); }

 private:
  SavedValue<T> value_;
  Tensor<bfloat16> rounded_;
};

}  // namespace tl::ops
