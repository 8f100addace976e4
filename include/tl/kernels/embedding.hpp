// Contract of embedding: y[i] = table[ids[i]].
// y is overwritten; dtable accumulates, in the order of i for each row, so the sum does not depend on threads.
// Ids and groups on the CPU are checked by the caller. On a device they cannot be without waiting for it: there a row
// whose id is outside the table is filled with NaN, which reaches the loss, and a group with such an id is left out.
#pragma once

#include <cstdint>

#include <tl/kernels/run.hpp>

namespace tl::kernels {

/// tl::RowGroups for kernels: rows[begin[g]] ... rows[begin[g + 1] - 1], ascending, are those with id ids[g].
struct GroupedRows {
  const std::int32_t* rows;   // [N]
  const std::int32_t* begin;  // [G + 1]
  const std::int32_t* ids;    // [G], ascending
  std::int64_t count;         // G
};

template <class T> struct EmbeddingForward {
  static constexpr const char* name = "embedding_forward";

  const std::int32_t* ids;  // [N]
  const T* table;           // [V, D]
  T* y;                     // [N, D]
  std::int64_t n, d, v;
};

template <class T> struct EmbeddingBackward {
  static constexpr const char* name = "embedding_backward";

  GroupedRows groups;  // of the ids
  const T* dy;         // [N, D]
  T* dtable;           // [V, D], accumulates
  std::int64_t n, d, v;
};

}  // namespace tl::kernels
