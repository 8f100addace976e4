// PreTrainedModel<Network>: what all models of the reference's families share, written once: fresh values, loading,
// saving, printing, mode. A network is a struct of modules with
//
//   using Config = DistilBertConfig;
//   static constexpr std::string_view class_name = "DistilBertForSequenceClassification";
//   static constexpr Task task = Task::sequence_classification;
//   explicit Network(const Config&);
//   auto& base();                                                          // see below
//   ModelOutput forward(const Batch&, const nn::ForwardContext&) const;    // without a loss
//   members(visit)
//
// and its encoder, the part that a pretrained checkpoint must have, with
//
//   static constexpr std::string_view prefix = "distilbert.", family = "DistilBERT";
//   void set_fixed_values(const Config&, const NamedParameter<float>&);    // after a part got fresh values
//   static bool may_be_missing(std::string_view name);                     // a part that then starts afresh
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/models/losses.hpp>
#include <tl/models/model.hpp>
#include <tl/models/pool_windows.hpp>
#include <tl/models/pretrained.hpp>
#include <tl/nn/initialize.hpp>
#include <tl/nn/module.hpp>

namespace tl {

/// A network of one of the reference's families. A model without a head has Task::hidden_states and gives hidden
/// states.
template <class Network> class [[nodiscard]] PreTrainedModel final : public Model {
 public:
  using Config = typename Network::Config;
  static constexpr Task model_task = Network::task;

  /// A model with fresh values from `generator`, drawn as the reference draws them.
  explicit PreTrainedModel(const Config& config, Mt19937& generator = default_generator())
      : PreTrainedModel(config, nullptr) {
    initialize_parts(generator, [](std::string_view name) { return name.starts_with(encoder_prefix()); });
    initialize_parts(generator, [](std::string_view name) { return !name.starts_with(encoder_prefix()); });
  }

  /// Loads config.json and model.safetensors of a model, given by its folder or its name; a checkpoint of another model
  /// of the family is fine. Parameters that it lacks, as a rule the head, get fresh values; load_report() says which.
  /// Throws Error(io), Error(format), Error(shape) or Error(invalid_argument), and what hub::model_folder() throws.
  static PreTrainedModel from_pretrained(const std::filesystem::path& name_or_path,
                                         const FromPretrainedOptions& options = {}) {
    const std::filesystem::path folder = hub::model_folder(name_or_path, options.hub);
    Config config;
    detail::load_config(config, folder, options);
    PreTrainedModel model(config, nullptr);
    LoadReport& report = model.load_report_;
    report = load_parameters(folder, model.parameters_, Encoder::prefix, Network::class_name, options);
    report.same_class = model.config_.names_class(Network::class_name);
    report.warnings = model.config_.warnings;
    for (const std::string& name : report.missing)
      check(!name.starts_with(encoder_prefix()) || Encoder::may_be_missing(name), ErrorCode::format, folder.native(),
            ": expected the encoder's parameter ", name, " in the checkpoint, it is not there; this is not a complete ",
            Encoder::family);
    initialize_missing(
        report, model.parameters_, model.config_.initializer_range, options,
        [&model](const NamedParameter<float>& part) { model.network_.base().set_fixed_values(model.config_, part); });
    return model;
  }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const override {
    if constexpr (Network::task == Task::hidden_states) {
      return network_.forward(batch, context);
    } else {
      if (!batch.labels.empty()) check_trainable();
      ModelOutput output = network_.forward(batch, context);
      if constexpr (Network::task == Task::sequence_classification) detail::pool_windows(output, batch, config_);
      if (!batch.labels.empty()) output.loss = model_loss(*this, output, batch);
      return output;
    }
  }
  using Model::operator();

  std::string_view class_name() const override { return Network::class_name; }
  Task task() const override { return Network::task; }
  const Config& config() const override { return config_; }
  std::string describe() const override { return nn::to_string(const_cast<Network&>(network_)); }

  /// Throws Error(invalid_argument) for a problem_type that is none, and for one label that is said to be a class.
  void check_trainable() const override {
    if constexpr (Network::task == Task::sequence_classification) {
      if (!config_.problem_type || config_.known_problem_type()) return;
      check(problem_type_from(*config_.problem_type).has_value(), ErrorCode::invalid_argument,
            "problem_type: expected single_label_classification, multi_label_classification or regression, got ",
            *config_.problem_type);
      fail(ErrorCode::invalid_argument, "problem_type: expected more than one label for single_label_classification, ",
           "got 1; a model with one label is one for regression");
    }
  }

  Json config_json() const override {
    Config config = config_;
    if constexpr (Network::task == Task::sequence_classification) {
      // With one label the reference's pipeline looks at whether regression was asked for or follows from the number.
      if (const auto problem = problem_type()) config.problem_type = to_string(*problem);
      else if (config.num_labels() > 1) config.problem_type = config.resolved_problem_type();
      else if (config.problem_type == "single_label_classification") config.problem_type.reset();
    }
    return config.to_json(std::string(Network::class_name));
  }
  void save_pretrained(const std::filesystem::path& folder) const override {
    save_parameters(folder, parameters_, config_json());
  }

  void load_weights(const std::filesystem::path& folder) override {
    load_all_parameters(folder, parameters_, Encoder::prefix, Network::class_name);
  }

 private:
  using Encoder = std::remove_cvref_t<decltype(std::declval<Network&>().base())>;

  PreTrainedModel(const Config& config, std::nullptr_t) : config_((config.validate(), config)), network_(config_) {
    parameters_ = ParameterSpace<float>(nn::named_parameters(network_));
  }

  /// Of the encoder's names in this model: a model without a head is its encoder.
  static std::string_view encoder_prefix() { return Network::task == Task::hidden_states ? "" : Encoder::prefix; }

  /// Fresh values for the parts whose names fit. The reference draws default values of every embedding and linear layer
  /// first, which are thrown away, then the real ones.
  template <class Fits> void initialize_parts(Mt19937& generator, const Fits& fits) {
    std::vector<NamedParameter<float>> parts;
    for (const auto& part : parameters_.named())
      if (fits(part.name)) parts.push_back(part);
    for (const auto& part : parts) nn::discard_default_values(part, generator);
    for (const auto& part : parts) {
      nn::initialize(part, config_.initializer_range, generator);
      network_.base().set_fixed_values(config_, part);
    }
  }

  Config config_;
  Network network_;
};

}  // namespace tl
