// BERT: embeddings of words, token types and positions, a stack of post-norm encoder blocks, a pooler; without a head,
// and with heads for sequences and for tokens. Source: Devlin et al. 2018, arXiv:1810.04805. Forward pass, names and
// defaults are those of the reference.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <tl/models/bert_config.hpp>
#include <tl/models/pretrained_model.hpp>
#include <tl/models/token_classification.hpp>
#include <tl/nn/embedding.hpp>
#include <tl/nn/encoder_stack.hpp>
#include <tl/ops/embedding_layer_norm_dropout.hpp>

namespace tl {

/// Word, token type and position embeddings, layer norm, dropout.
struct BertEmbeddings {
  static constexpr std::string_view type_name = "BertEmbeddings";

  nn::Embedding<float> word_embeddings;        // [V, D]
  nn::Embedding<float> position_embeddings;    // [P, D]
  nn::Embedding<float> token_type_embeddings;  // [token types, D]
  nn::LayerNorm<float> layer_norm;
  nn::Dropout dropout;

  explicit BertEmbeddings(const BertConfig& config)
      : word_embeddings(config.vocab_size, config.hidden_size, config.pad_token_id),
        position_embeddings(config.max_position_embeddings, config.hidden_size),
        token_type_embeddings(config.type_vocab_size, config.hidden_size),
        layer_norm(config.hidden_size, config.layer_norm_eps),
        dropout{config.hidden_dropout_prob, 0} {}

  /// N tokens -> [N, D].
  Variable<float> operator()(const Batch& batch, const nn::ForwardContext& context) const {
    const Tensor<std::int32_t> types = batch.token_type_ids.defined()
                                           ? batch.token_type_ids
                                           : Tensor<std::int32_t>::zeros({batch.tokens()}, batch.input_ids.device());
    const std::array<ops::EmbeddingInput<float>, 3> inputs{
        {{"input_ids", word_embeddings.prepare_rows(batch.input_ids, batch.id_groups), batch.input_ids,
          batch.id_groups},
         {"token_type_ids", token_type_embeddings.prepare_rows(types, batch.token_type_groups), types,
          batch.token_type_groups},
         {"positions", position_embeddings.prepare_rows(batch.positions, batch.position_groups), batch.positions,
          batch.position_groups}}};
    return ops::embedding_layer_norm_dropout(
        batch, std::span<const ops::EmbeddingInput<float>>(inputs), *layer_norm.weight, *layer_norm.bias,
        layer_norm.eps, context.dropout_for_tokens(dropout.p, dropout.site, batch), context.precision);
  }

  template <class Visit> void members(Visit& visit) {
    visit("word_embeddings", word_embeddings);
    visit("position_embeddings", position_embeddings);
    visit("token_type_embeddings", token_type_embeddings);
    visit("LayerNorm", layer_norm);
    visit("dropout", dropout);
  }
};

/// The names of a block's parts in BERT's files.
struct BertBlockNames {
  static constexpr std::string_view type_name = "BertLayer", stack_name = "BertEncoder";

  template <class Block, class Visit> static void members(Block& block, Visit& visit) {
    visit("attention", nn::Group{"BertAttention", [&](auto& attention) {
                                   attention("self", nn::Group{"BertSelfAttention", [&](auto& self) {
                                                                 self("query", block.attention.query());
                                                                 self("key", block.attention.key());
                                                                 self("value", block.attention.value());
                                                                 self("dropout", block.attention.dropout);
                                                               }});
                                   attention("output", nn::Group{"BertSelfOutput", [&](auto& output) {
                                                                   output("dense", block.attention.output);
                                                                   output("LayerNorm", block.attention_norm);
                                                                   output("dropout", block.attention_output_dropout);
                                                                 }});
                                 }});
    visit("intermediate", nn::Group{"BertIntermediate", [&](auto& intermediate) {
                                      intermediate("dense", block.feed_forward.up);
                                      intermediate("intermediate_act_fn", block.feed_forward.activation);
                                    }});
    visit("output", nn::Group{"BertOutput", [&](auto& output) {
                                output("dense", block.feed_forward.down);
                                output("LayerNorm", block.output_norm);
                                output("dropout", block.feed_forward.dropout);
                              }});
  }
};

/// tanh(dense(h[CLS])).
struct BertPooler {
  static constexpr std::string_view type_name = "BertPooler";

  nn::Linear<float> dense;
  nn::ActivationLine activation{Activation::tanh};

  explicit BertPooler(const BertConfig& config) : dense(config.hidden_size, config.hidden_size) {}

  /// h[CLS] [B, D] -> [B, D].
  Variable<float> operator()(const Variable<float>& state, const nn::ForwardContext& context) const {
    return ops::bias_activation(dense.project(state, context), *dense.bias, Activation::tanh, context.precision);
  }

  template <class Visit> void members(Visit& visit) {
    visit("dense", dense);
    visit("activation", activation);
  }
};

/// The encoder as a module of other models.
struct BertEncoder {
  using Config = BertConfig;
  static constexpr std::string_view type_name = "BertModel", prefix = "bert.", family = "BERT",
                                    token_classifier = "BertForTokenClassification";

  BertEmbeddings embeddings;
  nn::EncoderStack<float, BertBlockNames> encoder;
  std::optional<BertPooler> pooler;

  explicit BertEncoder(const BertConfig& config, bool with_pooler = true)
      : embeddings(config),
        encoder(config.num_hidden_layers, [&](std::uint32_t block) { return block_options(config, block); }) {
    if (with_pooler) pooler.emplace(config);
  }

  /// Hidden states of all tokens after the last block: [N, D].
  Variable<float> last_hidden_state(const Batch& batch, const nn::ForwardContext& context) const {
    return encoder(embeddings(batch, context), batch, context);
  }

  /// What the pooler makes of the first token, [CLS], of each sequence: [B, D]. The last block is computed for these
  /// rows only.
  Variable<float> pooled(const Batch& batch, const nn::ForwardContext& context) const {
    return (*pooler)(encoder.forward_cls(embeddings(batch, context), batch, context), context);
  }

  /// Values of a part that are not drawn: the padding token's row is 0.
  void set_fixed_values(const BertConfig& config, const NamedParameter<float>& part) const {
    if (config.pad_token_id && part.parameter == embeddings.word_embeddings.weight)
      part.value()[*config.pad_token_id].fill(0.0F);
  }
  /// Checkpoints of the pretraining task, and those of heads for tokens, have no pooler.
  static bool may_be_missing(std::string_view name) { return name.find("pooler.") != std::string_view::npos; }
  /// A block's sizes and dropouts; the embeddings have site 0.
  static nn::EncoderBlockOptions block_options(const BertConfig& config, std::uint32_t block) {
    return {.width = config.hidden_size,
            .heads = config.num_attention_heads,
            .hidden = config.intermediate_size,
            .activation = config.activation_function(),
            .eps = config.layer_norm_eps,
            .attention_dropout = {config.attention_probs_dropout_prob, 3 * block + 1},
            .attention_output_dropout = {config.hidden_dropout_prob, 3 * block + 2},
            .dropout = {config.hidden_dropout_prob, 3 * block + 3}};
  }
  static std::uint32_t head_dropout_site(const BertConfig& config) {
    return static_cast<std::uint32_t>(3 * config.num_hidden_layers + 1);
  }

  template <class Visit> void members(Visit& visit) {
    visit("embeddings", embeddings);
    visit("encoder", encoder);
    if (pooler) visit("pooler", *pooler);
  }
};

/// The encoder of heads that look at all tokens.
struct BertEncoderWithoutPooler : BertEncoder {
  explicit BertEncoderWithoutPooler(const BertConfig& config) : BertEncoder(config, false) {}
};

/// BERT without a head.
struct BertNetwork : BertEncoder {
  static constexpr std::string_view class_name = "BertModel";
  static constexpr Task task = Task::hidden_states;

  explicit BertNetwork(const BertConfig& config) : BertEncoder(config) {}
  BertEncoder& base() { return *this; }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    ModelOutput output;
    output.last_hidden_state = last_hidden_state(batch, context);
    const Tensor<std::int32_t> firsts = batch.cu_seqlens.rows(0, batch.sequences());
    output.pooler_output = (*pooler)(ops::gather_rows(output.last_hidden_state, firsts), context);
    return output;
  }
};

/// logits = classifier(dropout(pooler(h[CLS]))).
struct BertSequenceClassificationNetwork {
  using Config = BertConfig;
  static constexpr std::string_view class_name = "BertForSequenceClassification", type_name = class_name;
  static constexpr Task task = Task::sequence_classification;

  BertEncoder bert;
  nn::Dropout dropout;
  nn::Linear<float> classifier;

  explicit BertSequenceClassificationNetwork(const BertConfig& config)
      : bert(config),
        dropout{config.head_dropout(), BertEncoder::head_dropout_site(config)},
        classifier(config.hidden_size, config.num_labels()) {}

  BertEncoder& base() { return bert; }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    return {.logits = classifier(dropout(bert.pooled(batch, context), context), context)};  // [B, C]
  }

  template <class Visit> void members(Visit& visit) {
    visit("bert", bert);
    visit("dropout", dropout);
    visit("classifier", classifier);
  }
};

/// BERT without a head, with its pooler.
using BertModel = PreTrainedModel<BertNetwork>;
/// BERT with a linear head on the pooled [CLS].
using BertForSequenceClassification = PreTrainedModel<BertSequenceClassificationNetwork>;
/// BERT with a linear head on every token.
using BertForTokenClassification = PreTrainedModel<TokenClassificationNetwork<BertEncoderWithoutPooler>>;

}  // namespace tl
