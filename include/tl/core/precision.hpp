// The number format in which the products of a step are computed.
#pragma once

#include <ostream>
#include <string_view>

namespace tl {

/// In which precision the matrix products of a step are computed. f32 is plain float. bf16 rounds the operands of each
/// product to bfloat16 and accumulates in float; what is rounded afterwards is said by each contract. Everything else
/// stays float. f16 is the same with half, in which no device of this version computes.
enum class Precision { f32, bf16, f16 };

/// "f32", "bf16" or "f16".
constexpr std::string_view to_string(Precision precision) {
  return precision == Precision::f32 ? "f32" : precision == Precision::bf16 ? "bf16" : "f16";
}

inline std::ostream& operator<<(std::ostream& out, Precision precision) { return out << to_string(precision); }

}  // namespace tl
