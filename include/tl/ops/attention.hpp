// attention: scaled dot-product attention over packed sequences.
#pragma once

#include <cmath>

#include <tl/autograd/variable.hpp>
#include <tl/cpu/attention.hpp>
#include <tl/kernels/attention.hpp>
#include <tl/ops/saved.hpp>

namespace tl::ops {

struct AttentionOptions {
  std::int64_t heads = 1;
  kernels::DropoutMask dropout{};
  Precision precision = Precision::f32;
};

/// Self-attention: out = dropout(softmax(q k^T / sqrt(K))) v per sequence and head.
/// qkv [N, 3D] holds q, k and v side by side, cu_seqlens [B + 1]; returns [N, D]. K = D / heads.
/// Source: arXiv:1706.03762, (1). Throws Error(shape) if D is not a multiple of heads.
template <Real T>
Variable<T> self_attention(const Variable<T>& qkv, const Tensor<std::int32_t>& cu_seqlens,
                           const AttentionOptions& options) {
  check(qkv.shape().rank() == 2 && qkv.size(1) % (3 * options.heads) == 0, ErrorCode::shape,
        "self_attention: expected qkv [N, 3D] with D a multiple of ", options.heads, " heads, got ", qkv.value());
  const std::int64_t n = qkv.size(0), d = qkv.size(1) / 3, b = cu_seqlens.size(0) - 1, k = d / options.heads;
  const double scale = 1.0 / std::sqrt(static_cast<double>(k));
  Tensor<T> out = Tensor<T>::empty({n, d}, qkv.device());                                             // [N, D]
  Tensor<T> lse = grad_enabled() ? Tensor<T>::empty({n, options.heads}, qkv.device()) : Tensor<T>{};  // [N, H]
  SavedTensor<T> saved(qkv.value(), options.precision), saved_out(out, options.precision);
  const T* q = qkv.value().data();
  kernels::attention_forward<T>(qkv.device(), {.q = q,
                                               .k = q + d,
                                               .v = q + 2 * d,
                                               .q_stride = 3 * d,
                                               .k_stride = 3 * d,
                                               .v_stride = 3 * d,
                                               .cu_q = cu_seqlens.data(),
                                               .cu_k = cu_seqlens.data(),
                                               .out = out.data(),
                                               .lse = lse.data(),
                                               .b = b,
                                               .heads = options.heads,
                                               .head_width = k,
                                               .scale = scale,
                                               .dropout = options.dropout,
                                               .precision = options.precision,
                                               .q_saved = saved.room(),
                                               .k_saved = saved.room(d),
                                               .v_saved = saved.room(2 * d),
                                               .out_saved = saved_out.room()});
  return Variable<T>::record(out, {qkv}, [=, g = qkv.gradient()](const Tensor<T>& dout) {
    Tensor<T> dqkv = Tensor<T>::empty({n, 3 * d}, dout.device());  // [N, 3D]
    const kernels::Saved<T> q = saved.data();
    T* dq = dqkv.data();
    kernels::attention_backward<T>(dout.device(), {.dout = dout.data(),
                                                   .out = saved_out.data(),
                                                   .lse = lse.data(),
                                                   .q = q,
                                                   .k = q + d,
                                                   .v = q + 2 * d,
                                                   .q_stride = 3 * d,
                                                   .k_stride = 3 * d,
                                                   .v_stride = 3 * d,
                                                   .cu_q = cu_seqlens.data(),
                                                   .cu_k = cu_seqlens.data(),
                                                   .dq = dq,
                                                   .dk = dq + d,
                                                   .dv = dq + 2 * d,
                                                   .b = b,
                                                   .heads = options.heads,
                                                   .head_width = k,
                                                   .scale = scale,
                                                   .dropout = options.dropout,
                                                   .precision = options.precision});
    g.add(dqkv);
  });
}

/// Attention with queries of their own: q [NQ, D] with cu_q [B + 1], and kv [N, 2D] holding k and v side by side with
/// cu_k [B + 1]; returns [NQ, D]. Query i of a sequence stands at position i.
template <Real T>
Variable<T> attention(const Variable<T>& q, const Variable<T>& kv, const Tensor<std::int32_t>& cu_q,
                      const Tensor<std::int32_t>& cu_k, const AttentionOptions& options) {
  check(q.shape().rank() == 2 && kv.shape().rank() == 2 && kv.size(1) == 2 * q.size(1) &&
            q.size(1) % options.heads == 0 && cu_q.shape() == cu_k.shape(),
        ErrorCode::shape, "attention: expected q [NQ, D], kv [N, 2D], cu_q and cu_k [B + 1] with D a multiple of ",
        options.heads, " heads, got ", q.value(), ", ", kv.value(), ", ", cu_q, " and ", cu_k);
  const std::int64_t nq = q.size(0), n = kv.size(0), d = q.size(1), b = cu_q.size(0) - 1, k = d / options.heads;
  const double scale = 1.0 / std::sqrt(static_cast<double>(k));
  Tensor<T> out = Tensor<T>::empty({nq, d}, q.device());                                             // [NQ, D]
  Tensor<T> lse = grad_enabled() ? Tensor<T>::empty({nq, options.heads}, q.device()) : Tensor<T>{};  // [NQ, H]
  SavedTensor<T> saved_q(q.value(), options.precision), saved_kv(kv.value(), options.precision);
  SavedTensor<T> saved_out(out, options.precision);
  kernels::attention_forward<T>(q.device(), {.q = q.value().data(),
                                             .k = kv.value().data(),
                                             .v = kv.value().data() + d,
                                             .q_stride = d,
                                             .k_stride = 2 * d,
                                             .v_stride = 2 * d,
                                             .cu_q = cu_q.data(),
                                             .cu_k = cu_k.data(),
                                             .out = out.data(),
                                             .lse = lse.data(),
                                             .b = b,
                                             .heads = options.heads,
                                             .head_width = k,
                                             .scale = scale,
                                             .dropout = options.dropout,
                                             .precision = options.precision,
                                             .q_saved = saved_q.room(),
                                             .k_saved = saved_kv.room(),
                                             .v_saved = saved_kv.room(d),
                                             .out_saved = saved_out.room()});
  return Variable<T>::record(out, {q, kv}, [=, gq = q.gradient(), gkv = kv.gradient()](const Tensor<T>& dout) {
    Tensor<T> dq = Tensor<T>::empty({nq, d}, dout.device());      // [NQ, D]
    Tensor<T> dkv = Tensor<T>::empty({n, 2 * d}, dout.device());  // [N, 2D]
    kernels::attention_backward<T>(dout.device(), {.dout = dout.data(),
                                                   .out = saved_out.data(),
                                                   .lse = lse.data(),
                                                   .q = saved_q.data(),
                                                   .k = saved_kv.data(),
                                                   .v = saved_kv.data() + d,
                                                   .q_stride = d,
                                                   .k_stride = 2 * d,
                                                   .v_stride = 2 * d,
                                                   .cu_q = cu_q.data(),
                                                   .cu_k = cu_k.data(),
                                                   .dq = dq.data(),
                                                   .dk = dkv.data(),
                                                   .dv = dkv.data() + d,
                                                   .b = b,
                                                   .heads = options.heads,
                                                   .head_width = k,
                                                   .scale = scale,
                                                   .dropout = options.dropout,
                                                   .precision = options.precision});
    if (gq) gq.add(dq);
    if (gkv) gkv.add(dkv);
  });
}

}  // namespace tl::ops
