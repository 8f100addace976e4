// A tensor as it is stored in a file: name, element type, shape and bytes. The bytes are little endian, row-major, and
// may be unaligned, so they are copied out and never cast in place.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/dtype.hpp>
#include <tl/core/error.hpp>
#include <tl/core/parallel.hpp>
#include <tl/core/shape.hpp>
#include <tl/io/mapped_file.hpp>

namespace tl {

/// Element types of the safetensors format, in the order by which its writer sorts tensors (highest first); `unknown`
/// is a type this library has never heard of.
enum class StoredDType {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64,
  unknown,
};

namespace detail {

struct StoredDTypeInfo {
  std::string_view name;
  int bits;
};

inline constexpr std::array<StoredDTypeInfo, 23> stored_dtypes = {{
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},        {"(unknown)", 0},
}};

}  // namespace detail

/// The name in files: "F32", "BF16", "I64", ...
constexpr std::string_view to_string(StoredDType dtype) {
  return detail::stored_dtypes[static_cast<std::size_t>(dtype)].name;
}

/// Bits per element; 0 for unknown.
constexpr int bits_of(StoredDType dtype) { return detail::stored_dtypes[static_cast<std::size_t>(dtype)].bits; }

/// The type of that name, or unknown.
constexpr StoredDType stored_dtype(std::string_view name) {
  for (std::size_t i = 0; i + 1 < detail::stored_dtypes.size(); ++i)
    if (detail::stored_dtypes[i].name == name) return static_cast<StoredDType>(i);
  return StoredDType::unknown;
}

/// How a file names the library's own type.
constexpr StoredDType stored_dtype(DType dtype) {
  switch (dtype) {
    case DType::f64: return StoredDType::f64;
    case DType::f32: return StoredDType::f32;
    case DType::bf16: return StoredDType::bf16;
    case DType::f16: return StoredDType::f16;
    case DType::i64: return StoredDType::i64;
    case DType::i32: return StoredDType::i32;
    case DType::u8: return StoredDType::u8;
  }
  return StoredDType::unknown;
}

/// The library's own type with the same elements, or nothing.
constexpr std::optional<DType> to_dtype(StoredDType dtype) {
  for (const DType own : {DType::f64, DType::f32, DType::bf16, DType::f16, DType::i64, DType::i32, DType::u8})
    if (stored_dtype(own) == dtype) return own;
  return std::nullopt;
}

/// A named tensor whose bytes belong to another object (a mapped file, a model). If it is in a file, `data` is part of
/// the mapping, and read_bytes() and read_floats() copy from the file, which reports one that was cut off meanwhile.
struct SafetensorView {
  std::string name;
  StoredDType dtype = StoredDType::f32;
  Shape shape;
  std::span<const std::byte> data;
  const MappedFile* file = nullptr;
};

/// The stored form of values in memory, for writing. Throws shape if their number does not fit.
template <Element T> SafetensorView safetensor_view(std::string name, const Shape& shape, std::span<const T> values) {
  check(shape.elements() == static_cast<std::int64_t>(values.size()), ErrorCode::shape, "tensor ", name, ": expected ",
        shape.elements(), " values for shape ", shape, ", got ", values.size());
  return {std::move(name), stored_dtype(dtype_of<T>), shape, std::as_bytes(values)};
}

namespace detail {

/// Copies bytes [begin, begin + out.size()) of the tensor's data. Throws io.
inline void copy_bytes(const SafetensorView& tensor, std::size_t begin, std::span<std::byte> out) {
  if (out.empty()) return;
  const auto bytes = tensor.data.subspan(begin, out.size());
  if (tensor.file == nullptr) std::memcpy(out.data(), bytes.data(), out.size());
  else tensor.file->read(out, static_cast<std::uint64_t>(bytes.data() - tensor.file->bytes().data()));
}

template <class From> void convert_to_float(const SafetensorView& tensor, std::span<float> out) {
  parallel_for(static_cast<std::int64_t>(out.size()), std::int64_t{1} << 18, [&](std::int64_t begin, std::int64_t end) {
    const auto first = static_cast<std::size_t>(begin), count = static_cast<std::size_t>(end - begin);
    const std::span<float> part = out.subspan(first, count);
    if constexpr (std::is_same_v<From, float>) {
      copy_bytes(tensor, first * sizeof(float), std::as_writable_bytes(part));
    } else {
      std::vector<From> values(count);
      copy_bytes(tensor, first * sizeof(From), std::as_writable_bytes(std::span(values)));
      std::transform(values.begin(), values.end(), part.begin(), [](From value) { return static_cast<float>(value); });
    }
  });
}

}  // namespace detail

/// Copies the first out.size() bytes of a tensor. Throws shape if it has fewer, io if its file was cut off.
inline void read_bytes(const SafetensorView& tensor, std::span<std::byte> out) {
  check(tensor.data.size() >= out.size(), ErrorCode::shape, "tensor ", tensor.name, ": expected at least ", out.size(),
        " bytes, got ", tensor.data.size());
  detail::copy_bytes(tensor, 0, out);
}

/// Copies a floating-point tensor (F64, F32, F16, BF16) into `out`, converted to float.
/// Throws dtype for other types, shape if `out` has another number of elements, io if the tensor's file was cut off.
inline void read_floats(const SafetensorView& tensor, std::span<float> out) {
  const bool floating = tensor.dtype == StoredDType::f64 || tensor.dtype == StoredDType::f32 ||
                        tensor.dtype == StoredDType::bf16 || tensor.dtype == StoredDType::f16;
  check(floating, ErrorCode::dtype, "tensor ", tensor.name, ": expected F64, F32, F16 or BF16, got ",
        to_string(tensor.dtype));
  check(tensor.shape.elements() == static_cast<std::int64_t>(out.size()), ErrorCode::shape, "tensor ", tensor.name,
        ": expected ", out.size(), " elements, got ", tensor.shape.elements(), " in shape ", tensor.shape);
  const std::size_t wanted = out.size() * static_cast<std::size_t>(bits_of(tensor.dtype)) / 8;
  check(tensor.data.size() == wanted, ErrorCode::shape, "tensor ", tensor.name, ": expected ", wanted, " bytes of ",
        to_string(tensor.dtype), ", got ", tensor.data.size());
  if (tensor.dtype == StoredDType::f32) return detail::convert_to_float<float>(tensor, out);
  if (tensor.dtype == StoredDType::f64) return detail::convert_to_float<double>(tensor, out);
  if (tensor.dtype == StoredDType::bf16) return detail::convert_to_float<bfloat16>(tensor, out);
  detail::convert_to_float<half>(tensor, out);
}

/// The same with errors that name the file.
inline void read_floats(const SafetensorView& tensor, std::span<float> out, const std::string& file) {
  try {
    read_floats(tensor, out);
  } catch (const Error& error) {
    fail(error.code(), file, ", ", error.what());
  }
}

}  // namespace tl
