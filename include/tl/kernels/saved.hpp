// What a forward pass keeps of a matrix for the backward pass.
#pragma once

#include <cstdint>

#include <tl/core/dtype.hpp>

namespace tl::kernels {

/// A matrix that a forward pass kept: as it was, or, in bf16, in bfloat16, to which every use rounds it anyway. At most
/// one of the two pointers is set.
template <class T> struct Saved {
  const T* values = nullptr;
  const bfloat16* rounded = nullptr;

  Saved() = default;
  Saved(const T* values_) : values(values_) {}
  Saved(const bfloat16* rounded_) : rounded(rounded_) {}

  Saved operator+(std::int64_t elements) const {
    return rounded ? Saved(rounded + elements) : Saved(values + elements);
  }
};

}  // namespace tl::kernels
