// Contract of embedding: y[i] = table[ids[i]].
// y is overwritten; dtable accumulates, in the order of i for each row, so the sum does not depend on threads.
// Ids are checked by the caller.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct EmbeddingForward {
  static constexpr const char* name = "embedding_forward";

  const std::int32_t* ids;  // [N]
  const T* table;           // [V, D]
  T* y;                     // [N, D]
  std::int64_t n, d;
};

template <class T> struct EmbeddingBackward {
  static constexpr const char* name = "embedding_backward";

  const std::int32_t* ids;  // [N]
  const T* dy;              // [N, D]
  T* dtable;                // [V, D], accumulates
  std::int64_t n, d, v;
};

}  // namespace tl::kernels
