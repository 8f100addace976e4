// What a forward pass keeps of a matrix for the backward pass.
#pragma once

#include <cstdint>

#include <tl/core/dtype.hpp>

namespace tl::kernels {

/// A matrix that a forward pass kept: as it was, or, in bf16, in bfloat16, to which every use rounds it anyway. At most
/// one of the two pointers is set.
template <class T> struct Stored {
  const T* values = nullptr;
  const bfloat16* rounded = nullptr;

  Stored() = default;
  Stored(const T* values_) : values(values_) {}
  Stored(const bfloat16* rounded_) : rounded(rounded_) {}

  Stored operator+(std::int64_t elements) const {
    return rounded ? Stored(rounded + elements) : Stored(values + elements);
  }
};

}  // namespace tl::kernels
