// SelfAttention: multi-head self-attention over packed sequences. The q, k and v weights are one parameter [3D, D], so
// the three projections are one product.
#pragma once

#include <tl/nn/context.hpp>
#include <tl/nn/dropout.hpp>
#include <tl/nn/linear.hpp>
#include <tl/ops/attention.hpp>
#include <tl/ops/gather_rows.hpp>

namespace tl::nn {

template <Real T> struct SelfAttention {
  static constexpr std::string_view type_name = "DistilBertSdpaAttention";

  std::int64_t width, heads;
  Dropout dropout;
  Parameter<T> qkv_weight;  // [3D, D]
  Parameter<T> qkv_bias;    // [3D]
  Linear<T> out_lin;

  /// Throws Error(invalid_argument) if width is not a multiple of heads.
  SelfAttention(std::int64_t width_, std::int64_t heads_, Dropout dropout_)
      : width(width_),
        heads(heads_),
        dropout(dropout_),
        qkv_weight({3 * width_, width_}, Initialization::normal, WeightDecay::on),
        qkv_bias({3 * width_}, Initialization::zeros, WeightDecay::off),
        out_lin(width_, width_) {
    check(heads > 0 && width % heads == 0, ErrorCode::invalid_argument, "self-attention: expected a width that is a ",
          "multiple of the number of heads, got width ", width, " and ", heads, " heads");
  }

  /// Context vectors of all tokens before the output projection: x [N, D] -> [N, D].
  Variable<T> operator()(const Variable<T>& x, const PackedSequences& batch, const ForwardContext& context) const {
    const Variable<T> qkv = ops::linear(x, *qkv_weight, *qkv_bias, detail::linear_options(context));  // [N, 3D]
    return ops::self_attention(qkv, batch.cu_seqlens, options(context));
  }

  /// The same for the first token of each sequence only: keys and values for all tokens, queries for B rows.
  /// x [N, D], first_tokens [B, D] -> [B, D].
  Variable<T> first_token_only(const Variable<T>& x, const Variable<T>& first_tokens, const PackedSequences& batch,
                               const ForwardContext& context) const {
    const Variable<T> q = ops::linear(first_tokens, qkv_weight.rows(0, width), qkv_bias.rows(0, width),
                                      detail::linear_options(context));  // [B, D]
    const Variable<T> kv = ops::linear(x, qkv_weight.rows(width, 3 * width), qkv_bias.rows(width, 3 * width),
                                       detail::linear_options(context));                // [N, 2D]
    Tensor<std::int32_t> cu_q = Tensor<std::int32_t>::empty(batch.cu_seqlens.shape());  // [B + 1]
    for (std::int32_t b = 0; b < static_cast<std::int32_t>(cu_q.elements()); ++b) cu_q.data()[b] = b;
    return ops::attention(q, kv, cu_q, batch.cu_seqlens, options(context));
  }

  template <class Visit> void members(Visit& visit) {
    visit("dropout", dropout);
    visit("q_lin", LinearPart<T>{qkv_weight, qkv_bias, 0, width});
    visit("k_lin", LinearPart<T>{qkv_weight, qkv_bias, width, 2 * width});
    visit("v_lin", LinearPart<T>{qkv_weight, qkv_bias, 2 * width, 3 * width});
    visit("out_lin", out_lin);
  }

 private:
  ops::AttentionOptions options(const ForwardContext& context) const {
    return {heads, context.dropout_for_sequences(dropout.p, dropout.site), context.precision};
  }
};

}  // namespace tl::nn
