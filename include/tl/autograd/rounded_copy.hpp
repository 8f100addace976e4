// RoundedCopy<T>: a tensor once more, in the format in which products read it, for as long as both are the same.
#pragma once

#include <memory>
#include <utility>

#include <tl/core/tensor.hpp>

namespace tl::detail {

/// A copy of a tensor in bf16 or f16, and a look at whether the tensor is still what was copied: a writer of the
/// original need not know of the copy.
template <Real T> class RoundedCopy {
 public:
  /// `copy` holds the rounded elements of `original` now.
  RoundedCopy(Tensor<T> copy, const Tensor<T>& original)
      : copy_(std::move(copy)), watch_(original.watch(ContentWatch::Escape::is_change)) {}

  /// Whether products that read `format` may take the copy.
  bool serves(DType format) const { return copy_.defined() && copy_.format() == format && watch_->intact(); }
  const Tensor<T>& tensor() const { return copy_; }

  /// Rows [begin, end), which go out of use when any of the original's elements change.
  RoundedCopy rows(std::int64_t begin, std::int64_t end) const {
    RoundedCopy result = *this;
    result.copy_ = copy_.rows(begin, end);
    return result;
  }

 private:
  Tensor<T> copy_;
  std::shared_ptr<ContentWatch> watch_;
};

}  // namespace tl::detail
