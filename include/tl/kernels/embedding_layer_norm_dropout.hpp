// Contract of the embedding block: y = dropout(layer_norm(word[ids] + position[positions])).
// y, xhat and rstd are overwritten; all parameter gradients accumulate. The dropout mask is recomputed in the backward
// pass.
#pragma once

#include <cstdint>

#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct EmbeddingLayerNormDropoutForward {
  static constexpr const char* name = "embedding_layer_norm_dropout_forward";

  const std::int32_t* ids;        // [N]
  const std::int32_t* positions;  // [N]
  const T* word;                  // [V, D]
  const T* position;              // [P, D]
  const T* gamma;                 // [D]
  const T* beta;                  // [D]
  T* y;                           // [N, D]
  T* xhat;                        // [N, D], normalised sum, saved; or null
  T* rstd;                        // [N], saved; or null
  std::int64_t n, d;
  double eps;
  DropoutMask dropout;
};

template <class T> struct EmbeddingLayerNormDropoutBackward {
  static constexpr const char* name = "embedding_layer_norm_dropout_backward";

  const std::int32_t* ids;        // [N]
  const std::int32_t* positions;  // [N]
  const T* dy;                    // [N, D]
  const T* xhat;                  // [N, D]
  const T* rstd;                  // [N]
  const T* gamma;                 // [D]
  T* dword;                       // [V, D], accumulates; or null
  T* dposition;                   // [P, D], accumulates; or null
  T* dgamma;                      // [D], accumulates; or null
  T* dbeta;                       // [D], accumulates; or null
  std::int64_t n, d, v, p;
  DropoutMask dropout;
};

}  // namespace tl::kernels
