// DistilBERT with a classification head on the [CLS] token.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include <tl/models/distilbert.hpp>
#include <tl/ops/cross_entropy.hpp>

namespace tl {

/// Result of a classifier.
struct SequenceClassifierOutput {
  Variable<float> loss;    ///< scalar; undefined without labels
  Variable<float> logits;  ///< [B, C]
};

/// logits = classifier(dropout(relu(pre_classifier(h[CLS])))), loss = mean cross-entropy.
/// Move-only; a fresh model is in evaluation mode.
class [[nodiscard]] DistilBertForSequenceClassification {
 public:
  static constexpr const char* class_name = "DistilBertForSequenceClassification";

  /// A model with fresh values from `generator`.
  explicit DistilBertForSequenceClassification(const DistilBertConfig& config, Mt19937& generator = default_generator())
      : DistilBertForSequenceClassification(config, nullptr) {
    detail::initialize_encoder(config_, modules_.distilbert, parameters_, "distilbert.", generator);
    const auto head = [&](auto&& each) {
      for (const auto& part : parameters_.named())
        if (!part.name.starts_with("distilbert.")) each(part);
    };
    // The reference's linear layers draw a default first, which it throws away.
    head([&](const auto& part) { generator.discard(static_cast<std::uint64_t>(part.shape().elements())); });
    head([&](const auto& part) { nn::initialize(part, config_.initializer_range, generator); });
  }

  // A copy would share the parameters of its original, because modules hold handles.
  DistilBertForSequenceClassification(DistilBertForSequenceClassification&&) = default;
  DistilBertForSequenceClassification& operator=(DistilBertForSequenceClassification&&) = default;

  /// Loads config.json and model.safetensors of `folder`. Parameters that the checkpoint lacks, as a rule the head, get
  /// fresh values; load_report() says which. Throws Error(io), Error(format), Error(shape) or Error(invalid_argument).
  static DistilBertForSequenceClassification from_pretrained(const std::filesystem::path& folder,
                                                             const FromPretrainedOptions& options = {}) {
    DistilBertForSequenceClassification model(detail::load_config(folder, options), nullptr);
    model.load_report_ = load_parameters(folder, model.parameters_, "distilbert.", class_name, options);
    model.load_report_.same_class = model.config_.names_class(class_name);
    model.load_report_.warnings = model.config_.warnings;
    for (const auto& name : model.load_report_.missing)
      check(!name.starts_with("distilbert."), ErrorCode::format, folder.native(), ": expected the encoder's parameter ",
            name, " in the checkpoint, it is not there; this is not a complete DistilBERT");
    detail::initialize_missing(model.load_report_, model.config_, model.modules_.distilbert, model.parameters_,
                               options);
    return model;
  }

  /// Replaces all parameters by those of a checkpoint of the same model. Throws Error(format) if one is missing.
  void load_weights(const std::filesystem::path& folder) {
    const LoadReport report = load_parameters(folder, parameters_, "distilbert.", class_name);
    check(report.complete(), ErrorCode::format, folder.native(), ": expected every parameter of ", class_name, ", ",
          report.missing.empty() ? "" : report.missing.front().c_str(), " is missing");
  }

  /// B packed sequences, and labels [B] if a loss is wanted.
  /// Throws Error(invalid_argument) for a label outside [0, C), naming the row, for a sequence longer than the model's,
  /// and for labels if check_trainable() throws.
  SequenceClassifierOutput operator()(const PackedSequences& batch,
                                      const std::optional<Tensor<std::int64_t>>& labels = {}) const {
    return forward(batch, labels, context_);
  }

  /// The same in another context than the model's own.
  SequenceClassifierOutput forward(const PackedSequences& batch, const std::optional<Tensor<std::int64_t>>& labels,
                                   const nn::ForwardContext& context) const {
    if (labels) check_trainable();
    Variable<float> state = modules_.distilbert.first_token_state(batch, context);  // [B, D]
    state = ops::bias_activation(modules_.pre_classifier.without_bias(state, context), *modules_.pre_classifier.bias,
                                 Activation::relu, context.precision);
    state = modules_.dropout(state, context);
    SequenceClassifierOutput output;
    output.logits = modules_.classifier(state, context);  // [B, C]
    if (labels) output.loss = ops::cross_entropy(output.logits, *labels);
    return output;
  }

  /// Throws Error(invalid_argument) unless the labels are classes of which a text has one: there is no loss for other
  /// kinds of problems. Their models can predict.
  void check_trainable() const {
    const std::string problem = config_.resolved_problem_type();
    check(problem == "single_label_classification", ErrorCode::invalid_argument,
          "problem_type: expected single_label_classification, got ", problem, ", which tl does not support yet",
          config_.problem_type != problem ? "; a model with one label is one for regression" : "");
  }

  /// Writes config.json and model.safetensors, which the reference's from_pretrained loads. Throws Error(io).
  void save_pretrained(const std::filesystem::path& folder) const {
    DistilBertConfig config = config_;
    // With one label the reference's pipeline looks at whether regression was asked for or follows from the number.
    if (config.num_labels() > 1) config.problem_type = config.resolved_problem_type();
    else if (config.problem_type == "single_label_classification") config.problem_type.reset();
    save_parameters(folder, parameters_, config.to_json(class_name));
  }

  const DistilBertConfig& config() const { return config_; }
  ParameterSpace<float>& parameters() { return parameters_; }
  const ParameterSpace<float>& parameters() const { return parameters_; }
  nn::ForwardContext& context() { return context_; }
  const nn::ForwardContext& context() const { return context_; }
  const LoadReport& load_report() const { return load_report_; }

  void train(bool mode = true) { context_.training = mode; }
  void eval() { train(false); }
  bool training() const { return context_.training; }

  /// The module tree, as the reference prints it.
  friend std::string to_string(const DistilBertForSequenceClassification& model) {
    return nn::to_string(const_cast<Modules&>(model.modules_));
  }
  friend std::ostream& operator<<(std::ostream& out, const DistilBertForSequenceClassification& model) {
    return out << to_string(model);
  }

 private:
  struct Modules {
    static constexpr std::string_view type_name = "DistilBertForSequenceClassification";

    DistilBertEncoder distilbert;
    nn::Linear<float> pre_classifier, classifier;
    nn::Dropout dropout;

    explicit Modules(const DistilBertConfig& config)
        : distilbert(config),
          pre_classifier(config.dim, config.dim),
          classifier(config.dim, config.num_labels()),
          dropout{config.seq_classif_dropout, static_cast<std::uint32_t>(2 * config.n_layers + 1)} {}

    template <class Visit> void members(Visit& visit) {
      visit("distilbert", distilbert);
      visit("pre_classifier", pre_classifier);
      visit("classifier", classifier);
      visit("dropout", dropout);
    }
  };

  DistilBertForSequenceClassification(const DistilBertConfig& config, std::nullptr_t)
      : config_((config.validate(), config)), modules_(config_), parameters_(nn::named_parameters(modules_)) {}

  DistilBertConfig config_;
  Modules modules_;
  ParameterSpace<float> parameters_;
  nn::ForwardContext context_;
  LoadReport load_report_;
};

}  // namespace tl
