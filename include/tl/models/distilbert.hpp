// DistilBERT: embeddings, a stack of post-norm encoder blocks, the model without a head and with one for sequences.
// Source: Sanh et al. 2019, arXiv:1910.01108. Forward pass, names and defaults are those of the reference.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include <tl/models/distilbert_config.hpp>
#include <tl/models/pretrained_model.hpp>
#include <tl/models/token_classification.hpp>
#include <tl/nn/embedding.hpp>
#include <tl/nn/encoder_stack.hpp>
#include <tl/ops/embedding_layer_norm_dropout.hpp>

namespace tl {

namespace detail {

/// Sine and cosine of p / 10000^(2 floor(j / 2) / D), interleaved, for the positions of a model that does not learn
/// them.
inline void fill_sinusoidal(Tensor<float> table) {
  const std::int64_t rows = table.size(0), width = table.size(1);
  for (std::int64_t p = 0; p < rows; ++p)
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t even = j - j % 2;
      const double exponent = static_cast<double>(even) / static_cast<double>(width);
      const double angle = static_cast<double>(p) / std::pow(10000.0, exponent);
      table.at({p, j}) = static_cast<float>(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
}

}  // namespace detail

/// Word and position embeddings, layer norm, dropout.
struct DistilBertEmbeddings {
  static constexpr std::string_view type_name = "Embeddings";

  nn::Embedding<float> word_embeddings;      // [V, D]
  nn::Embedding<float> position_embeddings;  // [P, D]
  nn::LayerNorm<float> layer_norm;
  nn::Dropout dropout;

  explicit DistilBertEmbeddings(const DistilBertConfig& config)
      : word_embeddings(config.vocab_size, config.dim, config.pad_token_id),
        position_embeddings(config.max_position_embeddings, config.dim),
        layer_norm(config.dim, 1e-12),
        dropout{config.dropout, 0} {
    if (config.sinusoidal_pos_embds) position_embeddings.weight.freeze();
  }

  /// N tokens -> [N, D].
  Variable<float> operator()(const Batch& batch, const nn::ForwardContext& context) const {
    return ops::embedding_layer_norm_dropout(
        batch, word_embeddings.prepare_rows(batch.input_ids, batch.id_groups),
        position_embeddings.prepare_rows(batch.positions, batch.position_groups), *layer_norm.weight, *layer_norm.bias,
        layer_norm.eps, context.dropout_for_tokens(dropout.p, dropout.site, batch), context.precision);
  }

  template <class Visit> void members(Visit& visit) {
    visit("word_embeddings", word_embeddings);
    visit("position_embeddings", position_embeddings);
    visit("LayerNorm", layer_norm);
    visit("dropout", dropout);
  }
};

/// The names of a block's parts in DistilBERT's files.
struct DistilBertBlockNames {
  static constexpr std::string_view type_name = "TransformerBlock", stack_name = "Transformer";

  template <class Block, class Visit> static void members(Block& block, Visit& visit) {
    visit("attention", nn::Group{"DistilBertSdpaAttention", [&](auto& inner) {
                                   inner("dropout", block.attention.dropout);
                                   inner("q_lin", block.attention.query());
                                   inner("k_lin", block.attention.key());
                                   inner("v_lin", block.attention.value());
                                   inner("out_lin", block.attention.output);
                                 }});
    visit("sa_layer_norm", block.attention_norm);
    visit("ffn", nn::Group{"FFN", [&](auto& inner) {
                             inner("dropout", block.feed_forward.dropout);
                             inner("lin1", block.feed_forward.up);
                             inner("lin2", block.feed_forward.down);
                             inner("activation", block.feed_forward.activation);
                           }});
    visit("output_layer_norm", block.output_norm);
  }
};

/// The encoder as a module of other models.
struct DistilBertEncoder {
  using Config = DistilBertConfig;
  static constexpr std::string_view type_name = "DistilBertModel", prefix = "distilbert.", family = "DistilBERT",
                                    token_classifier = "DistilBertForTokenClassification";

  DistilBertEmbeddings embeddings;
  nn::EncoderStack<float, DistilBertBlockNames> transformer;

  explicit DistilBertEncoder(const DistilBertConfig& config)
      : embeddings(config),
        transformer(config.n_layers, [&](std::uint32_t block) { return block_options(config, block); }) {}

  /// Hidden states of all tokens after the last block: [N, D].
  Variable<float> last_hidden_state(const Batch& batch, const nn::ForwardContext& context) const {
    return transformer(embeddings(batch, context), batch, context);
  }

  /// Hidden states of the first token, [CLS], of each sequence after the last block, which is computed for these rows
  /// only: [B, D].
  Variable<float> cls_hidden_state(const Batch& batch, const nn::ForwardContext& context) const {
    return transformer.forward_cls(embeddings(batch, context), batch, context);
  }

  /// Values of a part that are not drawn: the padding token's row is 0, and positions are sines if they are not learnt.
  void set_fixed_values(const DistilBertConfig& config, const NamedParameter<float>& part) const {
    if (config.pad_token_id && part.parameter == embeddings.word_embeddings.weight)
      part.value()[*config.pad_token_id].fill(0.0F);
    if (config.sinusoidal_pos_embds && part.parameter == embeddings.position_embeddings.weight)
      detail::fill_sinusoidal(part.value());
  }
  static bool may_be_missing(std::string_view) { return false; }
  /// A block's sizes and dropouts; the embeddings have site 0.
  static nn::EncoderBlockOptions block_options(const DistilBertConfig& config, std::uint32_t block) {
    return {.width = config.dim,
            .heads = config.n_heads,
            .hidden = config.hidden_dim,
            .activation = config.activation_function(),
            .eps = 1e-12,
            .attention_dropout = {config.attention_dropout, 2 * block + 1},
            .dropout = {config.dropout, 2 * block + 2}};
  }
  static std::uint32_t head_dropout_site(const DistilBertConfig& config) {
    return static_cast<std::uint32_t>(2 * config.n_layers + 1);
  }

  template <class Visit> void members(Visit& visit) {
    visit("embeddings", embeddings);
    visit("transformer", transformer);
  }
};

/// DistilBERT without a head.
struct DistilBertNetwork : DistilBertEncoder {
  static constexpr std::string_view class_name = "DistilBertModel";
  static constexpr Task task = Task::hidden_states;

  using DistilBertEncoder::DistilBertEncoder;
  DistilBertEncoder& base() { return *this; }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    return {.last_hidden_state = last_hidden_state(batch, context)};
  }
};

/// logits = classifier(dropout(relu(pre_classifier(h[CLS])))).
struct DistilBertSequenceClassificationNetwork {
  using Config = DistilBertConfig;
  static constexpr std::string_view class_name = "DistilBertForSequenceClassification", type_name = class_name;
  static constexpr Task task = Task::sequence_classification;

  DistilBertEncoder distilbert;
  nn::Linear<float> pre_classifier, classifier;
  nn::Dropout dropout;

  explicit DistilBertSequenceClassificationNetwork(const DistilBertConfig& config)
      : distilbert(config),
        pre_classifier(config.dim, config.dim),
        classifier(config.dim, config.num_labels()),
        dropout{config.seq_classif_dropout, DistilBertEncoder::head_dropout_site(config)} {}

  DistilBertEncoder& base() { return distilbert; }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    Variable<float> state = distilbert.cls_hidden_state(batch, context);  // [B, D]
    state = ops::bias_activation(pre_classifier.project(state, context), *pre_classifier.bias, Activation::relu,
                                 context.precision);
    state = dropout(state, context);
    return {.logits = classifier(state, context)};  // [B, C]
  }

  template <class Visit> void members(Visit& visit) {
    visit("distilbert", distilbert);
    visit("pre_classifier", pre_classifier);
    visit("classifier", classifier);
    visit("dropout", dropout);
  }
};

/// DistilBERT without a head.
using DistilBertModel = PreTrainedModel<DistilBertNetwork>;
/// DistilBERT with a head of two layers on [CLS].
using DistilBertForSequenceClassification = PreTrainedModel<DistilBertSequenceClassificationNetwork>;
/// DistilBERT with a linear head on every token.
using DistilBertForTokenClassification = PreTrainedModel<TokenClassificationNetwork<DistilBertEncoder>>;

}  // namespace tl
