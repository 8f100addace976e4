// EncoderBlock: self-attention and feed-forward, each followed by residual and layer norm (post-norm, as in BERT).
#pragma once

#include <string_view>

#include <tl/nn/attention.hpp>
#include <tl/nn/feed_forward.hpp>
#include <tl/nn/layer_norm.hpp>
#include <tl/ops/bias_dropout_residual_layer_norm.hpp>

namespace tl::nn {

/// Sizes, activation and dropouts of an encoder block.
struct EncoderBlockOptions {
  std::int64_t width = 768, heads = 12, hidden = 3072;
  Activation activation = Activation::gelu;
  double eps = 1e-12;
  Dropout attention_dropout{};         ///< of the attention probabilities
  Dropout attention_output_dropout{};  ///< after the projection of the attention
  Dropout dropout{};                   ///< after the feed-forward layers
};

/// The names of an encoder block's parts in files and in the printed tree. A family of models has a struct like this
/// one with the names of its files.
struct EncoderBlockNames {
  static constexpr std::string_view type_name = "EncoderBlock";

  template <class Block, class Visit> static void members(Block& block, Visit& visit) {
    visit("attention", Group{"SelfAttention", [&](auto& inner) {
                               inner("dropout", block.attention.dropout);
                               inner("query", block.attention.query());
                               inner("key", block.attention.key());
                               inner("value", block.attention.value());
                               inner("output", block.attention.output);
                             }});
    visit("attention_output_dropout", block.attention_output_dropout);
    visit("attention_norm", block.attention_norm);
    visit("feed_forward", Group{"FeedForward", [&](auto& inner) {
                                  inner("dropout", block.feed_forward.dropout);
                                  inner("up", block.feed_forward.up);
                                  inner("down", block.feed_forward.down);
                                  inner("activation", block.feed_forward.activation);
                                }});
    visit("output_norm", block.output_norm);
  }
};

/// One post-norm encoder block, [N, D] -> [N, D].
template <Real T, class Names = EncoderBlockNames> struct EncoderBlock {
  static constexpr std::string_view type_name = Names::type_name;

  SelfAttention<T> attention;
  Dropout attention_output_dropout;
  LayerNorm<T> attention_norm;
  FeedForward<T> feed_forward;
  LayerNorm<T> output_norm;

  explicit EncoderBlock(const EncoderBlockOptions& options)
      : attention(options.width, options.heads, options.attention_dropout),
        attention_output_dropout(options.attention_output_dropout),
        attention_norm(options.width, options.eps),
        feed_forward(options.width, options.hidden, options.activation, options.dropout),
        output_norm(options.width, options.eps) {}

  /// x [N, D] -> [N, D].
  Variable<T> operator()(const Variable<T>& x, const Batch& batch, const ForwardContext& context) const {
    return finish(attention(x, batch, context), x, context, &batch);
  }

  /// The first token's row of each sequence only: x [N, D] -> [B, D]. The values equal rows cu_seqlens[b] of the full
  /// pass, dropout masks included, at a fraction of its cost.
  Variable<T> forward_cls(const Variable<T>& x, const Batch& batch, const ForwardContext& context) const {
    const Variable<T> first_tokens = ops::gather_rows(x, batch.cu_seqlens.rows(0, batch.sequences()));  // [B, D]
    return finish(attention.forward_cls(x, first_tokens, batch, context), first_tokens, context, nullptr);
  }

  template <class Visit> void members(Visit& visit) { Names::members(*this, visit); }

 private:
  /// Both half-blocks after the attention. Without `batch` the rows are one per sequence.
  Variable<T> finish(const Variable<T>& attended, const Variable<T>& x, const ForwardContext& context,
                     const Batch* batch) const {
    const auto mask = [&](const Dropout& dropout) {
      return batch ? context.dropout_for_tokens(dropout.p, dropout.site, *batch)
                   : context.dropout_for_sequences(dropout.p, dropout.site);
    };
    const Linear<T>&out = attention.output, &last = feed_forward.down;
    const Variable<T> h = ops::bias_dropout_residual_layer_norm(
        out.project(attended, context), *out.bias, x, *attention_norm.weight, *attention_norm.bias, attention_norm.eps,
        mask(attention_output_dropout), context.precision, batch);
    return ops::bias_dropout_residual_layer_norm(feed_forward.project(h, context), *last.bias, h, *output_norm.weight,
                                                 *output_norm.bias, output_norm.eps, mask(feed_forward.dropout),
                                                 context.precision, batch);
  }
};

}  // namespace tl::nn
