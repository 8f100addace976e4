// attention: scaled dot-product attention over packed sequences.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include <tl/autograd/variable.hpp>
#include <tl/core/batch.hpp>
#include <tl/kernels/attention.hpp>
#include <tl/kernels/cpu/attention.hpp>
#include <tl/ops/operand.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// How attention is computed.
struct AttentionOptions {
  std::int64_t heads = 1;
  kernels::DropoutMask dropout{};
  Precision precision = Precision::f32;
  std::int64_t max_length = 0;  ///< tokens of the longest sequence, as Batch has it; 0: it is looked up in the offsets
};

namespace detail {

inline void check_heads(std::int64_t heads) {
  check(heads >= 1, ErrorCode::invalid_argument, "attention: expected at least 1 head, got ", heads);
}

/// The most rows of a sequence: `known`, or what the offsets say if that is 0. Throws Error(invalid_argument) if a
/// sequence has more than `known`. Offsets on another device are only looked at if it is 0.
inline std::int64_t longest_sequence(const Tensor<std::int32_t>& offsets, std::int64_t known) {
  if (known > 0 && offsets.device().type != DeviceType::cpu) return known;
  std::int64_t longest = 0;
  const Tensor<std::int32_t> host = offsets.to(cpu_device);
  const std::span<const std::int32_t> all = host.span();
  for (std::size_t b = 1; b < all.size(); ++b) longest = std::max<std::int64_t>(longest, all[b] - all[b - 1]);
  check(known == 0 || longest <= known, ErrorCode::invalid_argument, "attention: expected sequences of at most ", known,
        " tokens, which is max_length, got one of ", longest);
  return longest;
}

/// Attention with queries q [NQ, D] at the left of `q`, and keys and values, [N, 2D], from column `first` of `kv` on.
/// If `first` is not 0, `q` and `kv` are the same variable. Without `cu_q` each sequence has one query.
template <Real T>
Variable<T> attention(const Variable<T>& q, const Variable<T>& kv, std::int64_t first, const Tensor<std::int32_t>& cu_q,
                      const Tensor<std::int32_t>& cu_k, const AttentionOptions& options) {
  check_same_device("attention", {{first ? "qkv" : "q", q}, {"kv", kv}, {"cu_q", cu_q}, {"cu_k", cu_k}});
  if (cu_q.defined()) tl::detail::check_offsets("attention: queries", cu_q, q.size(0));
  if (!first) tl::detail::check_offsets("attention: keys", cu_k, kv.size(0));
  check(options.dropout.p >= 0.0 && options.dropout.p <= 1.0, ErrorCode::invalid_argument,
        "attention: expected a dropout p in [0, 1], got ", options.dropout.p);
  const std::int64_t nq = q.size(0), q_stride = q.size(1), n = kv.size(0), kv_stride = kv.size(1);
  const std::int64_t d = (kv_stride - first) / 2, b = cu_k.size(0) - 1, k = d / options.heads;
  const std::int64_t max_k = longest_sequence(cu_k, options.max_length);
  const std::int64_t max_q = !cu_q.defined() ? 1 : first ? max_k : longest_sequence(cu_q, 0);
  const double scale = 1.0 / std::sqrt(static_cast<double>(k));
  const DType format = result_format<T>(q.device(), options.precision);
  const Tensor<T> queries = tl::detail::in_format(q.value(), format);
  const Tensor<T> keys_values = first ? queries : tl::detail::in_format(kv.value(), format);
  Tensor<T> out = Tensor<T>::empty({nq, d}, q.device(), format);     // [NQ, D]
  Tensor<T> lse = for_backward<T>({nq, options.heads}, q.device());  // [NQ, H]
  const Stored<T> out_data = out.stored();  // taken before the operand begins to watch for changes
  Operand<T> saved_q(queries, options.precision), saved_out(out, options.precision);
  Operand<T> saved_kv = first ? saved_q : Operand<T>(keys_values, options.precision);
  const Stored<const T> keys = keys_values.stored() + first;
  kernels::run(q.device(), kernels::AttentionForward<T>{.q = queries.stored(),
                                                        .k = keys,
                                                        .v = keys + d,
                                                        .q_stride = q_stride,
                                                        .k_stride = kv_stride,
                                                        .v_stride = kv_stride,
                                                        .cu_q = cu_q.defined() ? cu_q.data() : nullptr,
                                                        .cu_k = cu_k.data(),
                                                        .n_q = nq,
                                                        .n_k = n,
                                                        .max_q = max_q,
                                                        .max_k = max_k,
                                                        .out = out_data,
                                                        .lse = lse.data_or_null(),
                                                        .b = b,
                                                        .heads = options.heads,
                                                        .head_width = k,
                                                        .scale = scale,
                                                        .dropout = options.dropout,
                                                        .precision = options.precision,
                                                        .q_saved = saved_q.bf16_out(),
                                                        .k_saved = saved_kv.bf16_out(first),
                                                        .v_saved = saved_kv.bf16_out(first + d),
                                                        .out_saved = saved_out.bf16_out()});
  const SavedValue<std::int32_t> offsets_k(cu_k), offsets_q = first ? offsets_k : SavedValue<std::int32_t>(cu_q);
  return Variable<T>::record(out, {q, kv}, [=, gq = q.gradient(), gkv = kv.gradient()](const Tensor<T>& arrived) {
    const Tensor<T> dout = tl::detail::in_format(arrived, format);
    Tensor<T> dq = Tensor<T>::empty({nq, q_stride}, dout.device(), format);
    Tensor<T> dkv = first ? dq : Tensor<T>::empty({n, kv_stride}, dout.device(), format);
    const Stored<const T> saved_keys = saved_kv.stored() + first;
    const Stored<T> dkeys = dkv.stored() + first;
    kernels::run(dout.device(), kernels::AttentionBackward<T>{.dout = dout.stored(),
                                                              .out = saved_out.stored(),
                                                              .lse = lse.data(),
                                                              .q = saved_q.stored(),
                                                              .k = saved_keys,
                                                              .v = saved_keys + d,
                                                              .q_stride = q_stride,
                                                              .k_stride = kv_stride,
                                                              .v_stride = kv_stride,
                                                              .cu_q = offsets_q.data(),
                                                              .cu_k = offsets_k.data(),
                                                              .n_q = nq,
                                                              .n_k = n,
                                                              .max_q = max_q,
                                                              .max_k = max_k,
                                                              .dq = dq.stored(),
                                                              .dk = dkeys,
                                                              .dv = dkeys + d,
                                                              .b = b,
                                                              .heads = options.heads,
                                                              .head_width = k,
                                                              .scale = scale,
                                                              .dropout = options.dropout,
                                                              .precision = options.precision});
    gq.add(dq);
    if (!first) gkv.add(dkv);
  });
}

}  // namespace detail

/// Self-attention: out = dropout(softmax(q k^T / sqrt(K))) v per sequence and head.
/// qkv [N, 3D] holds q, k and v side by side, cu_seqlens [B + 1]; returns [N, D]. K = D / heads.
/// Source: arXiv:1706.03762, (1). Throws Error(shape) if D is not a multiple of heads, or cu_seqlens does not fit N.
template <Real T>
Variable<T> self_attention(const Variable<T>& qkv, const Tensor<std::int32_t>& cu_seqlens,
                           const AttentionOptions& options) {
  detail::check_heads(options.heads);
  check(qkv.shape().rank() == 2 && qkv.size(1) > 0 && qkv.size(1) % (3 * options.heads) == 0, ErrorCode::shape,
        "self_attention: expected qkv [N, 3D] with D a multiple of ", options.heads, " heads, got ", qkv.value());
  return detail::attention(qkv, qkv, qkv.size(1) / 3, cu_seqlens, cu_seqlens, options);
}

/// Attention with queries of their own: q [NQ, D] with cu_q [B + 1], and kv [N, 2D] holding k and v side by side with
/// cu_k [B + 1]; returns [NQ, D]. Query i of a sequence has position i. An undefined cu_q says that query b is the only
/// one of sequence b: q [B, D].
template <Real T>
Variable<T> attention(const Variable<T>& q, const Variable<T>& kv, const Tensor<std::int32_t>& cu_q,
                      const Tensor<std::int32_t>& cu_k, const AttentionOptions& options) {
  detail::check_heads(options.heads);
  check(q.shape().rank() == 2 && kv.shape().rank() == 2 && q.size(1) > 0 && kv.size(1) == 2 * q.size(1) &&
            q.size(1) % options.heads == 0 && cu_k.rank() == 1 &&
            (cu_q.defined() ? cu_q.shape() == cu_k.shape() : q.size(0) + 1 == cu_k.size(0)),
        ErrorCode::shape, "attention: expected q [NQ, D], kv [N, 2D], cu_q and cu_k [B + 1] with D a multiple of ",
        options.heads, " heads, got ", q.value(), ", ", kv.value(), ", ", cu_q, " and ", cu_k);
  return detail::attention(q, kv, 0, cu_q, cu_k, options);
}

}  // namespace tl::ops
