// Stored<T>: a matrix as a kernel is given it, an address and the format of the numbers there. On the CPU that is the
// kernel's own type T, but for what a forward pass keeps in bfloat16; a GPU stores the results of products in the
// format of their precision, and a kernel of one T takes all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tl/core/device.hpp>
#include <tl/core/dtype.hpp>

namespace tl {

/// Numbers in memory that a kernel of type T reads, Stored<const T>, or writes, Stored<T>: in T itself, or in bfloat16
/// or half. Of own(), bf16() and f16() one is the address, the others are null; all of them are for no matrix.
template <class T> struct Stored {
  using Own = std::remove_const_t<T>;
  /// U, constant if T is.
  template <class U> using Like = std::conditional_t<std::is_const_v<T>, const U, U>;

  Like<void>* memory = nullptr;
  DType format = dtype_of<Own>;

  Stored() = default;
  constexpr Stored(std::nullptr_t) {}              // NOLINT(google-explicit-constructor): as a plain pointer
  constexpr Stored(T* values) : memory(values) {}  // NOLINT(google-explicit-constructor)
  constexpr Stored(Like<bfloat16>* values)         // NOLINT(google-explicit-constructor)
      : memory(values), format(DType::bf16) {}
  constexpr Stored(Like<half>* values)  // NOLINT(google-explicit-constructor)
      : memory(values), format(DType::f16) {}
  constexpr Stored(Like<void>* memory_, DType format_) : memory(memory_), format(format_) {}
  template <class U>
  requires(std::is_const_v<T>&& std::is_same_v<U, Own>) constexpr Stored(
      const Stored<U>& other)  // NOLINT(google-explicit-constructor): reading what can be written
      : memory(other.memory), format(other.format) {}

  constexpr explicit operator bool() const { return memory != nullptr; }

  constexpr T* own() const { return as<Own>(dtype_of<Own>); }
  constexpr Like<bfloat16>* bf16() const { return as<bfloat16>(DType::bf16); }
  constexpr Like<half>* f16() const { return as<half>(DType::f16); }

  /// The matrix from element `elements` on.
  constexpr Stored operator+(std::int64_t elements) const {
    if (!memory) return *this;
    const auto bytes = elements * static_cast<std::int64_t>(size_of(format));
    return {static_cast<Like<char>*>(memory) + bytes, format};
  }

 private:
  template <class U> constexpr Like<U>* as(DType wanted) const {
    return format == wanted ? static_cast<Like<U>*>(memory) : nullptr;
  }
};

/// y[i] = x[i] for i in [0, n), rounded to nearest, ties to even; NaN stays NaN. Both are in the host's memory, and y
/// is not x.
template <Real T> void convert_elements(Stored<const T> x, Stored<T> y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = x.own() ? x.own()[i] : static_cast<T>(x.bf16() ? float(x.bf16()[i]) : float(x.f16()[i]));
    if (y.own()) y.own()[i] = value;
    else if (y.bf16()) y.bf16()[i] = bfloat16(static_cast<float>(value));
    else y.f16()[i] = half(static_cast<float>(value));
  }
}

/// The format in which `device` stores the results of products of that precision, as kernels of type T write and read
/// them: T's own on the CPU, that of the precision on a GPU. Throws Error(device) if it does not compute in it.
template <Real T> DType result_format(const Device& device, Precision precision) {
  if (precision == Precision::f32) return dtype_of<T>;
  require_precision(device, precision);
  if (device.type == DeviceType::cpu || !cuda_backend.stores_low_precision) return dtype_of<T>;
  return precision == Precision::bf16 ? DType::bf16 : DType::f16;
}

}  // namespace tl
