// EncoderBlock: self-attention and feed-forward, each followed by residual and layer norm (post-norm, as in BERT).
#pragma once

#include <tl/nn/attention.hpp>
#include <tl/nn/feed_forward.hpp>
#include <tl/nn/layer_norm.hpp>
#include <tl/ops/bias_dropout_residual_layer_norm.hpp>

namespace tl::nn {

struct EncoderBlockOptions {
  std::int64_t width = 768, heads = 12, hidden = 3072;
  Activation activation = Activation::gelu;
  double eps = 1e-12;
  Dropout attention_dropout{}, dropout{};
};

template <Real T> struct EncoderBlock {
  static constexpr std::string_view type_name = "TransformerBlock";

  SelfAttention<T> attention;
  LayerNorm<T> sa_layer_norm;
  FeedForward<T> ffn;
  LayerNorm<T> output_layer_norm;

  explicit EncoderBlock(const EncoderBlockOptions& options)
      : attention(options.width, options.heads, options.attention_dropout),
        sa_layer_norm(options.width, options.eps),
        ffn(options.width, options.hidden, options.activation, options.dropout),
        output_layer_norm(options.width, options.eps) {}

  /// x [N, D] -> [N, D].
  Variable<T> operator()(const Variable<T>& x, const PackedSequences& batch, const ForwardContext& context) const {
    return finish(attention(x, batch, context), x, context.dropout_for_tokens(ffn.dropout.p, ffn.dropout.site, batch),
                  context, &batch);
  }

  /// The first token's row of each sequence only: x [N, D] -> [B, D]. The values equal rows cu_seqlens[b] of the full
  /// pass, dropout masks included, at a fraction of its cost.
  Variable<T> first_token_only(const Variable<T>& x, const PackedSequences& batch,
                               const ForwardContext& context) const {
    const Variable<T> first_tokens = ops::gather_rows(x, batch.cu_seqlens.rows(0, batch.sequences()));  // [B, D]
    return finish(attention.first_token_only(x, first_tokens, batch, context), first_tokens,
                  context.dropout_for_sequences(ffn.dropout.p, ffn.dropout.site), context);
  }

  template <class Visit> void members(Visit& visit) {
    visit("attention", attention);
    visit("sa_layer_norm", sa_layer_norm);
    visit("ffn", ffn);
    visit("output_layer_norm", output_layer_norm);
  }

 private:
  Variable<T> finish(const Variable<T>& attended, const Variable<T>& x, const kernels::DropoutMask& mask,
                     const ForwardContext& context, const PackedSequences* rows = nullptr) const {
    const Precision precision = context.precision;
    const Linear<T>&out = attention.out_lin, &last = ffn.lin2;
    const Variable<T> h =
        ops::bias_dropout_residual_layer_norm(out.without_bias(attended, context), *out.bias, x, *sa_layer_norm.weight,
                                              *sa_layer_norm.bias, sa_layer_norm.eps, {}, precision);
    return ops::bias_dropout_residual_layer_norm(ffn.without_last_bias(h, context), *last.bias, h,
                                                 *output_layer_norm.weight, *output_layer_norm.bias,
                                                 output_layer_norm.eps, mask, precision, rows);
  }
};

}  // namespace tl::nn
