// What an operation keeps for its backward rule.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>

namespace tl::ops {

/// A tensor for a value that backward() alone needs; undefined where nothing is recorded.
template <Real T> Tensor<T> for_backward(const Shape& shape, Device device) {
  return grad_enabled() ? Tensor<T>::empty(shape, device) : Tensor<T>{};
}

/// The tensor itself or, in bf16, a copy in bfloat16, which the forward kernel writes: half the memory, and the same
/// numbers, because it is for values that are rounded before every use.
template <Real T> class Operand {
 public:
  Operand(const Tensor<T>& value, Precision precision) {
    if (precision == Precision::bf16 && grad_enabled())
      rounded_ = Tensor<bfloat16>::empty(value.shape(), value.device());
    else value_ = SavedValue<T>(value);
  }

  /// Where the forward kernel writes the copy from this element on; null if it need not.
  bfloat16* bf16_out(std::int64_t first = 0) { return rounded_.defined() ? rounded_.data() + first : nullptr; }

  Stored<const T> data() const {
    if (rounded_.defined()) return rounded_.data();
    return value_.data();
  }

 private:
  SavedValue<T> value_;
  Tensor<bfloat16> rounded_;
};

}  // namespace tl::ops
