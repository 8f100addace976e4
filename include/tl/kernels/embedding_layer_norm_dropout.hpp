// Contract of the embedding block: y = dropout(layer_norm(sum over k of table_k[rows_k])), summed in the order of the
// tables: of words and positions, and in some models of token types.
// y, y_rounded, xhat and rstd are overwritten; all parameter gradients accumulate. The dropout mask is recomputed in
// the backward pass. Rows outside a table: as in kernels/embedding.hpp.
#pragma once

#include <array>
#include <cstdint>

#include <tl/core/stored.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/embedding.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

/// At most so many tables.
inline constexpr int max_embedding_tables = 3;

template <class T> struct EmbeddingTable {
  const std::int32_t* rows;  // [N]
  const T* values;           // [V, D]
  std::int64_t v;
};

template <class T> struct EmbeddingTableGradient {
  GroupedRows groups;  // of the rows that were read; only with a gradient
  T* gradient;         // [V, D], accumulates; or null
  std::int64_t v;
};

template <class T> struct EmbeddingLayerNormDropoutForward {
  static constexpr const char* name = "embedding_layer_norm_dropout_forward";

  std::array<EmbeddingTable<T>, max_embedding_tables> tables;
  int table_count;  // at least 1
  const T* gamma;   // [D]
  const T* beta;    // [D]
  T* y;             // [N, D]
  T* xhat;          // [N, D], normalised sum, saved; or null
  T* rstd;          // [N], saved; or null
  std::int64_t n, d;
  double eps;
  DropoutMask dropout;
  Stored<T> y_rounded{};  // [N, D], y in the format of a precision, for products with it; or null
};

template <class T> struct EmbeddingLayerNormDropoutBackward {
  static constexpr const char* name = "embedding_layer_norm_dropout_backward";

  std::array<EmbeddingTableGradient<T>, max_embedding_tables> tables;
  int table_count;  // at least 1
  const T* dy;      // [N, D]
  const T* xhat;    // [N, D]
  const T* rstd;    // [N]
  const T* gamma;   // [D]
  T* dgamma;        // [D], accumulates; or null
  T* dbeta;         // [D], accumulates; or null
  std::int64_t n, d;
  DropoutMask dropout;
};

}  // namespace tl::kernels
