// Contract of embedding: y[i] = table[ids[i]].
// y is overwritten; dtable accumulates, in the order of i for each row, so the sum does not depend on threads.
// Ids are checked by the caller.
#pragma once

#include <cstdint>

#include <tl/kernels/slot.hpp>

namespace tl::kernels {

template <class T> struct EmbeddingForward {
  const std::int32_t* ids;  // [N]
  const T* table;           // [V, D]
  T* y;                     // [N, D]
  std::int64_t n, d;
};

template <class T> struct EmbeddingBackward {
  const std::int32_t* ids;  // [N]
  const T* dy;              // [N, D]
  T* dtable;                // [V, D], accumulates
  std::int64_t n, d, v;
};

}  // namespace tl::kernels

namespace tl::cpu {
template <class T> void embedding_forward(const kernels::EmbeddingForward<T>&);
template <class T> void embedding_backward(const kernels::EmbeddingBackward<T>&);
}  // namespace tl::cpu

namespace tl::kernels {
template <class T>
inline constinit Slot<EmbeddingForward<T>> embedding_forward{"embedding_forward", &cpu::embedding_forward<T>};
template <class T>
inline constinit Slot<EmbeddingBackward<T>> embedding_backward{"embedding_backward", &cpu::embedding_backward<T>};
}  // namespace tl::kernels
