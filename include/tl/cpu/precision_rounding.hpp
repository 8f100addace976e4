// Rounding to bfloat16 as a type, so that one kernel body serves both precisions and plain float pays nothing.
#pragma once

#include <tl/cpu/rounding.hpp>
#include <tl/cpu/vector_loops.hpp>
#include <tl/kernels/slot.hpp>

namespace tl::cpu {

struct KeepPrecision {
  template <class T> TL_INLINE T operator()(T value) const { return value; }
};

struct RoundToBfloat16 {
  template <class T> TL_INLINE T operator()(T value) const { return round_to_bf16(value); }
};

/// Calls body(round), where round(value) is what `precision` makes of a stored value.
template <class Body> void with_rounding(Precision precision, const Body& body) {
  if (precision == Precision::bf16) body(RoundToBfloat16{});
  else body(KeepPrecision{});
}

}  // namespace tl::cpu
