// SelfAttention: multi-head self-attention over packed sequences. The q, k and v weights are one parameter [3D, D], so
// the three projections are one product.
#pragma once

#include <tl/nn/context.hpp>
#include <tl/nn/dropout.hpp>
#include <tl/nn/linear.hpp>
#include <tl/ops/attention.hpp>
#include <tl/ops/gather_rows.hpp>

namespace tl::nn {

/// Multi-head self-attention with its projections, [N, D] -> [N, D].
template <Real T> struct SelfAttention {
  std::int64_t width, heads;
  Dropout dropout;
  Parameter<T> qkv_weight;  // [3D, D]
  Parameter<T> qkv_bias;    // [3D]
  Linear<T> output;

  /// Throws Error(invalid_argument) if width is not a multiple of heads.
  SelfAttention(std::int64_t width_, std::int64_t heads_, Dropout dropout_)
      : width(width_),
        heads(heads_),
        dropout(dropout_),
        qkv_weight({3 * width_, width_}, Initialization::normal, WeightDecay::on),
        qkv_bias({3 * width_}, Initialization::zeros, WeightDecay::off),
        output(width_, width_) {
    check(heads > 0 && width % heads == 0, ErrorCode::invalid_argument, "self-attention: expected a width that is a ",
          "multiple of the number of heads, got width ", width, " and ", heads, " heads");
  }

  /// Context vectors of all tokens before the output projection: x [N, D] -> [N, D].
  Variable<T> operator()(const Variable<T>& x, const Batch& batch, const ForwardContext& context) const {
    const Variable<T> qkv = ops::linear(x, *qkv_weight, *qkv_bias, detail::linear_options(context));  // [N, 3D]
    return ops::self_attention(qkv, batch.cu_seqlens, options(batch, context));
  }

  /// The same for the first token of each sequence only: keys and values for all tokens, queries for B rows.
  /// x [N, D], first_tokens [B, D] -> [B, D].
  Variable<T> forward_cls(const Variable<T>& x, const Variable<T>& first_tokens, const Batch& batch,
                          const ForwardContext& context) const {
    const Variable<T> q = ops::linear(first_tokens, qkv_weight.rows(0, width), qkv_bias.rows(0, width),
                                      detail::linear_options(context));  // [B, D]
    const Variable<T> kv = ops::linear(x, qkv_weight.rows(width, 3 * width), qkv_bias.rows(width, 3 * width),
                                       detail::linear_options(context));  // [N, 2D]
    const Tensor<std::int32_t> one_query_each;
    return ops::attention(q, kv, one_query_each, batch.cu_seqlens, options(batch, context));
  }

  /// The three projections as the linear layers that they are in files.
  LinearPart<T> query() { return {qkv_weight, qkv_bias, 0, width}; }
  LinearPart<T> key() { return {qkv_weight, qkv_bias, width, 2 * width}; }
  LinearPart<T> value() { return {qkv_weight, qkv_bias, 2 * width, 3 * width}; }

 private:
  ops::AttentionOptions options(const Batch& batch, const ForwardContext& context) const {
    return {.heads = heads,
            .dropout = context.dropout_for_sequences(dropout.p, dropout.site),
            .precision = context.precision,
            .max_length = batch.max_length};
  }
};

}  // namespace tl::nn
