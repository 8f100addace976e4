// Rounding to bfloat16 while staying in float: what bf16 precision does to the operands and the result of a product.
#pragma once

#include <cstdint>

#include <tl/core/dtype.hpp>
#include <tl/core/parallel.hpp>

namespace tl::cpu {

/// The nearest bfloat16, ties to even, as a value of the wider type; NaN stays NaN.
template <Real T> constexpr T round_to_bf16(T value) {
  return static_cast<T>(static_cast<float>(bfloat16(static_cast<float>(value))));
}

/// out[i] = round_to_bf16(in[i]) for i in [0, count); `out` may be `in`.
template <Real T> void round_to_bf16(const T* in, T* out, std::int64_t count) {
  parallel_for(count, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = round_to_bf16(in[i]);
  });
}

}  // namespace tl::cpu
