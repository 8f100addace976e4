// The number format in which the products of a step are computed.
#pragma once

namespace tl {

/// In which precision the matrix products of a step are computed. f32 is plain float. bf16 rounds the operands of each
/// product to bfloat16 and accumulates in float; what is rounded afterwards is said by each contract. Everything else
/// stays float.
enum class Precision { f32, bf16 };

}  // namespace tl
