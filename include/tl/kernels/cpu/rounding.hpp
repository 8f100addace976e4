// Rounding to bfloat16 while staying in float: what bf16 precision does to the operands and the result of a product.
#pragma once

#include <bit>
#include <cstdint>

#include <tl/core/dtype.hpp>
#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

/// The nearest bfloat16, ties to even, as a value of the wider type; NaN stays NaN. Same values as tl::bfloat16, but
/// without a branch, for vector loops.
template <Real T> TL_INLINE constexpr T round_to_bf16(T value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u), quiet_nan = bits | 0x400000u;
  const bool is_nan = static_cast<std::int32_t>(bits & 0x7fffffffu) > 0x7f800000;
  return static_cast<T>(std::bit_cast<float>((is_nan ? quiet_nan : rounded) & 0xffff0000u));
}

/// to[i] = from[i] in bfloat16, for i in [0, count).
template <Real T> TL_INLINE inline void store_bf16(const T* from, bfloat16* to, std::int64_t count) {
  vector_loop(count, [=](std::int64_t i) TL_INLINE {
    to[i].bits =
        static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(round_to_bf16(from[i]))) >> 16);
  });
}

/// to[i] = from[i], for i in [0, count).
template <Real T> TL_INLINE inline void load_bf16(const bfloat16* from, T* to, std::int64_t count) {
  vector_loop(count, [=](std::int64_t i) TL_INLINE { to[i] = static_cast<T>(static_cast<float>(from[i])); });
}

/// Rounds one row of a kernel's values in place if the kernel works in bf16. The row is in the cache, so a pass of its
/// own costs little, and each kernel is compiled once for both precisions.
template <Real T> TL_INLINE inline void round_row(T* values, std::int64_t count, Precision precision) {
  if (precision != Precision::bf16) return;
  vector_loop(count, [=](std::int64_t i) TL_INLINE { values[i] = round_to_bf16(values[i]); });
}

/// `rows` rows of `width` elements, rounded: row r is read at from + r * from_stride and written at to + r * to_stride;
/// `to` may be `from`.
template <Real T>
void round_rows(Stored<const T> from, std::int64_t from_stride, T* to, std::int64_t to_stride, std::int64_t rows,
                std::int64_t width, CpuIsa isa = cpu_isa()) {
  const T* const values = from.own();
  const bfloat16* const rounded = from.bf16();
  with_vectors<T>(
      [=]() TL_INLINE {
        for (std::int64_t row = 0; row < rows; ++row) {
          T* const out = to + row * to_stride;
          if (rounded) load_bf16(rounded + row * from_stride, out, width);
          else
            vector_loop(width, [in = values + row * from_stride, out](std::int64_t i)
                                   TL_INLINE { out[i] = round_to_bf16(in[i]); });
        }
      },
      isa);
}

/// The same into a matrix in bfloat16.
template <Real T>
void store_rows(const T* from, std::int64_t from_stride, bfloat16* to, std::int64_t to_stride, std::int64_t rows,
                std::int64_t width, CpuIsa isa = cpu_isa()) {
  with_vectors<T>(
      [=]() TL_INLINE {
        for (std::int64_t row = 0; row < rows; ++row) store_bf16(from + row * from_stride, to + row * to_stride, width);
      },
      isa);
}

/// out[i] = round_to_bf16(in[i]) for i in [0, count); `out` may be `in`.
template <Real T> void round_to_bf16(const T* in, T* out, std::int64_t count) {
  parallel_for(count, flat_grain, [in, out](std::int64_t begin, std::int64_t end) {
    round_rows<T>(in + begin, 0, out + begin, 0, 1, end - begin);
  });
}

}  // namespace tl::cpu
