// How the Trainer uses a model: its losses, the options of its collator, and its settings, restored afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <tl/data/collator.hpp>
#include <tl/models/losses.hpp>
#include <tl/models/model.hpp>

namespace tl {

/// A user's loss: a scalar computed from what the model gave, without a loss of its own, and the batch.
using ComputeLoss = std::function<Variable<float>(const ModelOutput& output, const Batch& batch)>;

/// Where the loss of a batch comes from: a user's function, else the model.
struct LossOptions {
  LossSettings settings{};
  ComputeLoss compute_loss{};
};

/// Runs `model` over `batch` in `context` and puts the loss into the result, if there are labels or a function for it.
/// With label smoothing, weights or focal loss it is made here, of logits and labels, as the reference's label smoother
/// does. Throws Error(state) if the model gives none, Error(shape) for a user's loss that is no scalar,
/// Error(invalid_argument) for settings that the kind of problem does not have.
inline ModelOutput compute_loss(const Model& model, const Batch& batch, const nn::ForwardContext& context,
                                const LossOptions& options = {}) {
  const bool own = options.compute_loss != nullptr;
  if (batch.labels.empty() && !own) return model.forward(batch, context);
  if (own || !options.settings.plain()) {
    Batch unlabelled = batch;
    unlabelled.labels = {};
    ModelOutput output = model.forward(unlabelled, context);
    output.loss = own ? options.compute_loss(output, batch) : model_loss(model, output, batch, options.settings);
    check(output.loss.defined() && output.loss.shape().elements() == 1, ErrorCode::shape,
          "compute_loss: expected a scalar, got ",
          output.loss.defined() ? str_cat(output.loss.value()) : std::string("an undefined variable"));
    return output;
  }
  ModelOutput output = model.forward(batch, context);
  check(output.loss.defined(), ErrorCode::state, "the model gave no loss although it was given labels");
  return output;
}

/// What a PackedCollator checks the rows of the data set `name` against, so that they fit `model`.
inline CollatorOptions collator_options(const Model& model, const std::string& name) {
  const PretrainedConfig& config = model.config();
  CollatorOptions options{.name = name};
  if (config.num_labels() > 0) options.num_labels = config.num_labels();
  if (config.max_position_embeddings > 0) options.max_length = config.max_position_embeddings;
  if (config.vocab_size > 0) options.vocab_size = config.vocab_size;
  if (config.type_vocab_size > 0) options.token_types = config.type_vocab_size;
  options.problem = model.problem_type();
  if (model.task() == Task::sequence_classification || model.task() == Task::token_classification)
    options.token_labels = model.task() == Task::token_classification;
  options.class_names = config.label_names();
  return options;
}

namespace detail {

/// Restores mode, precision and random coordinates of a model when it goes out of scope.
class ContextGuard {
 public:
  explicit ContextGuard(nn::ForwardContext& context) : context_(context), saved_(context) {}
  ~ContextGuard() { context_ = saved_; }
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;

 private:
  nn::ForwardContext& context_;
  nn::ForwardContext saved_;
};

/// Number of parameters that take part in matrix products: all but embedding tables, which are recognised by name.
inline std::int64_t parameters_without_embeddings(const ParameterSpace<float>& parameters) {
  std::int64_t count = 0;
  for (const auto& part : parameters.named())
    if (!part.name.ends_with("embeddings.weight") && !part.name.ends_with("embedding.weight"))
      count += part.shape().elements();
  return count;
}

}  // namespace detail

}  // namespace tl
