// Contract of scaled dot-product attention over packed sequences, without padding:
// out = dropout(softmax(q k^T * scale)) v for each sequence and head. Queries may be fewer than keys: sequence b has
// the queries [cu_q[b], cu_q[b + 1]) and the keys [cu_k[b], cu_k[b + 1]), and query i of a sequence has position
// i. Without cu_q query b is the only one of sequence b. Heads are side by side in a row: head h is columns
// [h K, (h + 1) K). q, k, v may be column ranges of a wider matrix, so each has its row stride. All outputs are
// overwritten; rows after those of the last sequence belong to none, and have outputs and gradients 0, so that a batch
// can be filled up. Dropout coordinates: channel = key position, position = query position, sequence = b * heads + h.
// In bf16 q, k, v and out are rounded to bfloat16, everything between is float.
// Source: Vaswani et al. 2017, arXiv:1706.03762, (1).
#pragma once

#include <cstdint>

#include <tl/core/precision.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/kernels/run.hpp>

namespace tl::kernels {

template <class T> struct AttentionForward {
  static constexpr const char* name = "attention_forward";

  Stored<const T> q;  // [NQ, H K], row stride q_stride
  Stored<const T> k;  // [N, H K], row stride k_stride
  Stored<const T> v;  // [N, H K], row stride v_stride
  std::int64_t q_stride, k_stride, v_stride;
  const std::int32_t* cu_q;   // [B + 1]; or null
  const std::int32_t* cu_k;   // [B + 1]
  std::int64_t n_q, n_k;      // rows of q, and of k and v
  std::int64_t max_q, max_k;  // the most queries and keys of a sequence
  Stored<T> out;              // [NQ, H K], contiguous
  T* lse;                     // [NQ, H], log of the sum of exp(scores), saved for the backward pass; or null
  std::int64_t b, heads, head_width;
  double scale;
  DropoutMask dropout;
  Precision precision = Precision::f32;
  // In bf16: q, k, v and out for the backward pass, with the row strides of the originals; or all null.
  bfloat16 *q_saved = nullptr, *k_saved = nullptr, *v_saved = nullptr, *out_saved = nullptr;
};

template <class T> struct AttentionBackward {
  static constexpr const char* name = "attention_backward";

  Stored<const T> dout;  // [NQ, H K]
  Stored<const T> out;   // [NQ, H K]
  const T* lse;          // [NQ, H]
  Stored<const T> q;
  Stored<const T> k;
  Stored<const T> v;
  std::int64_t q_stride, k_stride, v_stride;
  const std::int32_t* cu_q;   // [B + 1]; or null
  const std::int32_t* cu_k;   // [B + 1]
  std::int64_t n_q, n_k;      // rows of q, and of k and v
  std::int64_t max_q, max_k;  // the most queries and keys of a sequence
  Stored<T> dq;               // as q, with the same row stride
  Stored<T> dk;               // as k, with the same row stride
  Stored<T> dv;               // as v, with the same row stride
  std::int64_t b, heads, head_width;
  double scale;
  DropoutMask dropout;
  Precision precision = Precision::f32;
};

}  // namespace tl::kernels
