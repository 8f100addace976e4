// SavedValue<T>: a value that an operation keeps for its backward rule. backward() refuses to compute with one that was
// changed in place meanwhile, which would be a wrong gradient without a word.
#pragma once

#include <memory>
#include <utility>

#include <tl/autograd/variable.hpp>

namespace tl {

/// A tensor that must be the same in backward(), and a look at whether it is.
template <Element T> class [[nodiscard]] SavedValue {
 public:
  SavedValue() = default;
  /// Keeps `value`, which may be undefined, and looks at it from now on if operations are recorded.
  explicit SavedValue(Tensor<T> value) : value_(std::move(value)) {
    if (grad_enabled()) watch_ = value_.watch();
  }

  bool defined() const noexcept { return value_.defined(); }

  /// The value, for a backward rule. Throws Error(state) if it was changed in place since it was saved.
  const Tensor<T>& value() const {
    check(!watch_ || watch_->intact(), ErrorCode::state,
          "backward(): a value that an operation keeps for its gradient, ", value_,
          ", was changed in place since it was computed with; change it after backward(), or change a clone()");
    return value_;
  }
  /// The address of value(); null if it is undefined.
  const T* data() const { return defined() ? value().data() : nullptr; }
  /// value() for kernels that take other formats, too; null if it is undefined.
  Stored<const T> stored() const { return defined() ? value().stored() : Stored<const T>(); }

 private:
  Tensor<T> value_;
  std::shared_ptr<ContentWatch> watch_;
};

}  // namespace tl
