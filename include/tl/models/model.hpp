// Model: what the Trainer, the pipelines and programs see of a model. Which one it is, is decided at run time; see
// models/auto_model.hpp for folders and models/custom_model.hpp for a user's network.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <tl/autograd/parameter_space.hpp>
#include <tl/core/batch.hpp>
#include <tl/models/load_report.hpp>
#include <tl/models/pretrained_config.hpp>
#include <tl/nn/context.hpp>

namespace tl {

/// What a model computes for a batch of B sequences and N tokens; what it does not have is undefined.
struct ModelOutput {
  Variable<float> loss{};               ///< scalar; undefined without labels
  Variable<float> logits{};             ///< [B, C] of sequences, or [N, C] of tokens
  Variable<float> last_hidden_state{};  ///< [N, D], of a model without a head
  Variable<float> pooler_output{};      ///< [B, D], of a model without a head that has a pooler
};

/// What a model predicts. A model without a head gives hidden states.
enum class Task { other, hidden_states, sequence_classification, token_classification };

/// "hidden states", "sequence classification", ...
inline std::string_view to_string(Task task) {
  switch (task) {
    case Task::other: return "other";
    case Task::hidden_states: return "hidden states";
    case Task::sequence_classification: return "sequence classification";
    case Task::token_classification: return "token classification";
  }
  return "?";
}

namespace detail {

/// A kind of problem that is found once; several threads may find the same one.
class FoundProblemType {
 public:
  FoundProblemType() = default;
  FoundProblemType(FoundProblemType&& other) noexcept : number_(other.number_.load()) {}
  FoundProblemType& operator=(FoundProblemType&& other) noexcept {
    number_ = other.number_.load();
    return *this;
  }

  std::optional<ProblemType> get() const {
    const int number = number_.load(std::memory_order_relaxed);
    return number < 0 ? std::nullopt : std::optional(static_cast<ProblemType>(number));
  }
  void set(ProblemType type) { number_.store(static_cast<int>(type), std::memory_order_relaxed); }

 private:
  std::atomic<int> number_{-1};
};

}  // namespace detail

/// A network with its parameters. Move-only: a copy would share the parameters of its original. A fresh model is in
/// evaluation mode.
class [[nodiscard]] Model {
 public:
  virtual ~Model() = default;
  Model(Model&&) = default;
  Model& operator=(Model&&) = default;

  /// The forward pass, with a loss if the batch has labels. Throws Error(invalid_argument) for tokens or labels that
  /// the model cannot take, naming the row.
  virtual ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const = 0;
  /// The same in the model's own context.
  ModelOutput operator()(const Batch& batch) const { return forward(batch, context_); }
  /// The same with class ids [B] or [N] instead of the batch's labels.
  ModelOutput operator()(const Batch& batch, const std::optional<Tensor<std::int64_t>>& labels) const {
    Batch labelled = batch;
    labelled.labels = {};
    if (labels) labelled.labels.set("labels", *labels);
    return forward(labelled, context_);
  }

  /// Its name in messages and in config.json, such as "DistilBertForSequenceClassification".
  virtual std::string_view class_name() const = 0;
  virtual Task task() const { return Task::other; }
  virtual const PretrainedConfig& config() const = 0;
  /// What save_pretrained() writes into config.json; null of a model of which it writes nothing that describes it.
  virtual Json config_json() const { return nullptr; }

  /// The kind of problem: that of config(), else the one that the first batch with labels was of; nothing before.
  std::optional<ProblemType> problem_type() const {
    if (task() == Task::token_classification) return ProblemType::single_label_classification;
    if (const auto known = config().known_problem_type()) return known;
    return found_problem_.get();
  }
  /// problem_type(), or what labels make of it, which is kept: regression if the model has one label, else class ids
  /// (int64) are single_label_classification and numbers multi_label_classification, as in the reference. `outputs` is
  /// the number of logits of each row, for a model whose configuration names no labels.
  ProblemType decide_problem_type(const NamedTensors& labels, std::int64_t outputs) const {
    if (const auto known = problem_type()) return *known;
    using enum ProblemType;
    const std::int64_t count = config().num_labels() > 0 ? config().num_labels() : outputs;
    const bool ids = labels.find<std::int64_t>("labels") != nullptr;
    const ProblemType found = count == 1 ? regression : ids ? single_label_classification : multi_label_classification;
    found_problem_.set(found);
    return found;
  }

  /// Writes the model into `folder`, so that load_weights() and, for the families of the reference, Python read it.
  /// Throws Error(io).
  virtual void save_pretrained(const std::filesystem::path& folder) const = 0;
  /// Replaces all parameters by those of a folder of the same model. Throws Error(format) if one is missing.
  virtual void load_weights(const std::filesystem::path& folder) = 0;

  /// Throws Error(invalid_argument) if the configuration names a kind of problem that has no loss.
  virtual void check_trainable() const {}

  /// The module tree, as the reference prints it.
  virtual std::string describe() const = 0;
  friend std::string to_string(const Model& model) { return model.describe(); }
  friend std::ostream& operator<<(std::ostream& out, const Model& model) { return out << model.describe(); }

  ParameterSpace<float>& parameters() { return parameters_; }
  const ParameterSpace<float>& parameters() const { return parameters_; }
  nn::ForwardContext& context() { return context_; }
  const nn::ForwardContext& context() const { return context_; }
  const LoadReport& load_report() const { return load_report_; }

  /// Where the parameters are.
  Device device() const { return parameters_.device(); }
  /// Moves the parameters to `device`, as ParameterSpace::to() does. Batches have to be there, too: Batch::to().
  Model& to(Device device) {
    parameters_.to(device);
    return *this;
  }

  void train(bool mode = true) { context_.training = mode; }
  void eval() { train(false); }
  bool training() const { return context_.training; }

 protected:
  Model() = default;

  ParameterSpace<float> parameters_;
  nn::ForwardContext context_;
  LoadReport load_report_;

 private:
  mutable detail::FoundProblemType found_problem_;
};

}  // namespace tl
