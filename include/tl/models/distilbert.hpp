// DistilBERT: embeddings, a stack of post-norm encoder blocks, and the model without a head.
// Source: Sanh et al. 2019, arXiv:1910.01108. Forward pass, names and defaults are those of the reference.
#pragma once

#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include <tl/models/distilbert_config.hpp>
#include <tl/models/pretrained.hpp>
#include <tl/nn/embedding.hpp>
#include <tl/nn/encoder_block.hpp>
#include <tl/ops/embedding_layer_norm_dropout.hpp>

namespace tl {

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
  Variable<float> operator()(const PackedSequences& batch, const nn::ForwardContext& context) const {
    return ops::embedding_layer_norm_dropout(batch, word_embeddings.prepare_rows(batch.input_ids),
                                             position_embeddings.prepare_rows(batch.positions),
                                             *layer_norm.weight, *layer_norm.bias, layer_norm.eps,
                                             context.dropout_for_tokens(dropout.p, dropout.site, batch));
  }

  template <class Visit> void members(Visit& visit) {
    visit("word_embeddings", word_embeddings);
    visit("position_embeddings", position_embeddings);
    visit("LayerNorm", layer_norm);
    visit("dropout", dropout);
  }
};

/// The stack of encoder blocks.
struct DistilBertTransformer {
  static constexpr std::string_view type_name = "Transformer";

  std::vector<nn::EncoderBlock<float>> layer;

  explicit DistilBertTransformer(const DistilBertConfig& config) {
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(config.n_layers); ++i)
      layer.emplace_back(nn::EncoderBlockOptions{.width = config.dim,
                                                 .heads = config.n_heads,
                                                 .hidden = config.hidden_dim,
                                                 .activation = config.activation_function(),
                                                 .eps = 1e-12,
                                                 .attention_dropout = {config.attention_dropout, 2 * i + 1},
                                                 .dropout = {config.dropout, 2 * i + 2}});
  }

  template <class Visit> void members(Visit& visit) { visit("layer", layer); }
};

/// The encoder as a module of other models.
struct DistilBertEncoder {
  static constexpr std::string_view type_name = "DistilBertModel";

  DistilBertEmbeddings embeddings;
  DistilBertTransformer transformer;

  explicit DistilBertEncoder(const DistilBertConfig& config) : embeddings(config), transformer(config) {}

  /// Hidden states of all tokens after the last block: [N, D].
  Variable<float> last_hidden_state(const PackedSequences& batch, const nn::ForwardContext& context) const {
    Variable<float> x = embeddings(batch, context);  // [N, D]
    for (const auto& block : transformer.layer) x = block(x, batch, context);
    return x;
  }

  /// Hidden states of the first token of each sequence after the last block, which is computed for these rows only:
  /// [B, D].
  Variable<float> first_token_state(const PackedSequences& batch, const nn::ForwardContext& context) const {
    Variable<float> x = embeddings(batch, context);  // [N, D]
    const auto& layers = transformer.layer;
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i](x, batch, context);
    return layers.back().first_token_only(x, batch, context);
  }

  template <class Visit> void members(Visit& visit) {
    visit("embeddings", embeddings);
    visit("transformer", transformer);
  }
};

namespace detail {

/// Sine and cosine of p / 10000^(2 floor(j / 2) / D), interleaved, for the positions of a model that does not learn
/// them.
inline void fill_sinusoidal(Tensor<float> table) {
  const std::int64_t rows = table.size(0), width = table.size(1);
  for (std::int64_t p = 0; p < rows; ++p)
    for (std::int64_t j = 0; j < width; ++j) {
      const double exponent = static_cast<double>(2 * (j / 2)) / static_cast<double>(width);
      const double angle = static_cast<double>(p) / std::pow(10000.0, exponent);
      table.at({p, j}) = static_cast<float>(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
}

/// Fresh values for the encoder part of `parameters`, drawn as the reference draws them for a model made from a
/// configuration: first the default values of every embedding and linear layer, which are thrown away, then the real
/// ones.
inline void initialize_encoder(const DistilBertConfig& config, DistilBertEncoder& encoder,
                               const ParameterSpace<float>& parameters, const std::string& prefix, Mt19937& generator) {
  std::vector<float> discarded;
  for (const auto& part : parameters.named()) {
    if (!part.name.starts_with(prefix) || part.parameter.initialization() == Initialization::ones) continue;
    if (part.name.find("LayerNorm") != std::string::npos || part.name.find("layer_norm") != std::string::npos) continue;
    const bool embedding = part.name.find("_embeddings.") != std::string::npos;
    if (embedding) {
      discarded.resize(static_cast<std::size_t>(part.shape().elements()));
      normal_(discarded, 0.0, 1.0, generator);
    } else {
      generator.discard(static_cast<std::uint64_t>(part.shape().elements()));
    }
  }
  for (const auto& part : parameters.named()) {
    if (!part.name.starts_with(prefix)) continue;
    nn::initialize(part, config.initializer_range, generator);
    if (config.pad_token_id && part.parameter == encoder.embeddings.word_embeddings.weight)
      part.value()[*config.pad_token_id].fill(0.0F);
  }
  if (config.sinusoidal_pos_embds) fill_sinusoidal(encoder.embeddings.position_embeddings.weight.value());
}

/// Fresh values for what `report` says a checkpoint lacks.
inline void initialize_missing(LoadReport& report, const DistilBertConfig& config, DistilBertEncoder& encoder,
                               ParameterSpace<float>& parameters, const FromPretrainedOptions& options) {
  tl::initialize_missing(report, parameters, config.initializer_range, options);
  for (const auto& name : report.mismatched) {
    if (name.ends_with("word_embeddings.weight") && config.pad_token_id)
      encoder.embeddings.word_embeddings.weight.value()[*config.pad_token_id].fill(0.0F);
    if (name.ends_with("position_embeddings.weight") && config.sinusoidal_pos_embds)
      fill_sinusoidal(encoder.embeddings.position_embeddings.weight.value());
  }
}

}  // namespace detail

/// DistilBERT without a head.
class [[nodiscard]] DistilBertModel {
 public:
  static constexpr const char* class_name = "DistilBertModel";

  /// A model with fresh values from `generator`.
  explicit DistilBertModel(const DistilBertConfig& config, Mt19937& generator = default_generator())
      : DistilBertModel(config, nullptr) {
    detail::initialize_encoder(config_, modules_, parameters_, "", generator);
  }

  // A copy would share the parameters of its original, because modules hold handles.
  DistilBertModel(DistilBertModel&&) = default;
  DistilBertModel& operator=(DistilBertModel&&) = default;

  /// Loads config.json and model.safetensors of `folder`; a checkpoint of a model with a head is fine.
  static DistilBertModel from_pretrained(const std::filesystem::path& folder,
                                         const FromPretrainedOptions& options = {}) {
    DistilBertModel model(detail::load_config(folder, options), nullptr);
    model.load_report_ = load_parameters(folder, model.parameters_, "distilbert.", class_name, options);
    model.load_report_.same_class = model.config_.names_class(class_name);
    model.load_report_.warnings = model.config_.warnings;
    for (const auto& name : model.load_report_.missing)
      fail(ErrorCode::format, folder.native(), ": expected the parameter ", name, " of ", class_name,
           " in the checkpoint, it is not there; this is not a complete DistilBERT");
    detail::initialize_missing(model.load_report_, model.config_, model.modules_, model.parameters_, options);
    return model;
  }

  /// Hidden states of all tokens: [N, D].
  Variable<float> operator()(const PackedSequences& batch) const { return modules_.last_hidden_state(batch, context_); }

  void save_pretrained(const std::filesystem::path& folder) const {
    save_parameters(folder, parameters_, config_.to_json(class_name));
  }

  const DistilBertConfig& config() const { return config_; }
  ParameterSpace<float>& parameters() { return parameters_; }
  const ParameterSpace<float>& parameters() const { return parameters_; }
  nn::ForwardContext& context() { return context_; }
  const LoadReport& load_report() const { return load_report_; }
  void train(bool mode = true) { context_.training = mode; }
  void eval() { train(false); }
  bool training() const { return context_.training; }

  /// The module tree.
  friend std::string to_string(const DistilBertModel& model) {
    return nn::to_string(const_cast<DistilBertEncoder&>(model.modules_));
  }
  friend std::ostream& operator<<(std::ostream& out, const DistilBertModel& model) { return out << to_string(model); }

 private:
  DistilBertModel(const DistilBertConfig& config, std::nullptr_t)
      : config_((config.validate(), config)), modules_(config_), parameters_(nn::named_parameters(modules_)) {}

  DistilBertConfig config_;
  DistilBertEncoder modules_;
  ParameterSpace<float> parameters_;
  nn::ForwardContext context_;
  LoadReport load_report_;
};

}  // namespace tl
