// The loss of a model, as a function of its logits and the labels of the batch: one for each kind of problem, as the
// reference has them, and what a user may set about them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <tl/models/model.hpp>
#include <tl/ops/bce_with_logits.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/ops/mse_loss.hpp>

namespace tl {

/// What can be set about a loss. Class weights, focal_gamma and label_smoothing are those of classes that exclude each
/// other, of texts or tokens; pos_weight is that of multi_label_classification.
struct LossSettings {
  double label_smoothing = 0.0;   ///< share of the target spread over all classes, in [0, 1)
  double focal_gamma = 0.0;       ///< rows count by (1 - p)^gamma for the probability p of their label; 0: all alike
  Tensor<float> class_weights{};  ///< [C], of rows by their label; undefined: all are 1
  Tensor<float> pos_weight{};     ///< [C], of rows that have the class; undefined: all are 1

  /// Whether the loss is the model's own.
  bool plain() const {
    return label_smoothing == 0.0 && focal_gamma == 0.0 && !class_weights.defined() && !pos_weight.defined();
  }
};

namespace detail {

/// Throws Error(invalid_argument) for a setting that the problem does not have.
inline void check_loss_settings(ProblemType problem, const LossSettings& settings) {
  const auto need = [problem](bool unset, std::string_view name, ProblemType wanted) {
    check(unset || problem == wanted, ErrorCode::invalid_argument, name, ": expected a model whose problem_type is ",
          wanted, ", got one for ", problem);
  };
  using enum ProblemType;
  need(settings.label_smoothing == 0.0, "label_smoothing_factor", single_label_classification);
  need(settings.focal_gamma == 0.0, "focal_gamma", single_label_classification);
  need(!settings.class_weights.defined(), "class_weights", single_label_classification);
  need(!settings.pos_weight.defined(), "pos_weight", multi_label_classification);
}

/// The labels as float [B, C], the shape of the logits; class ids become numbers for a model with one output.
inline Tensor<float> values_for(ProblemType problem, const ModelOutput& output, const Batch& batch) {
  const Shape& shape = output.logits.shape();
  const auto refuse = [&](const auto& got) {
    fail(ErrorCode::shape, "labels: expected float labels ", shape, ", as the logits are, because problem_type is ",
         problem, ", got ", got);
  };
  if (const auto* ids = batch.labels.find<std::int64_t>("labels")) {
    if (problem != ProblemType::regression || ids->elements() != shape.elements()) refuse(*ids);
    const Tensor<std::int64_t> host = ids->to(cpu_device);
    const Tensor<float> values = Tensor<float>::empty(shape);
    std::ranges::transform(host.span(), Tensor<float>(values).data(),
                           [](std::int64_t id) { return static_cast<float>(id); });
    return values.to(output.logits.device());
  }
  const Tensor<float>& values = batch.labels.at<float>("labels");
  // With one output the reference squeezes both, so [B] is as good as [B, 1].
  if (values.elements() != shape.elements() || (values.shape() != shape && shape[1] != 1)) refuse(values);
  return values.view(0, shape);
}

}  // namespace detail

/// The mean cross-entropy over the labels that count, int64 [B] for logits [B, C] of sequences or [N] for [N, C] of
/// tokens. Throws Error(not_found) or Error(dtype) if the batch has no such labels, Error(shape) for another number,
/// Error(invalid_argument) for one outside [0, C), naming the row.
inline Variable<float> classification_loss(const ModelOutput& output, const Batch& batch,
                                           const LossSettings& settings = {}) {
  return ops::cross_entropy(output.logits, batch.labels.at<std::int64_t>("labels"),
                            {.label_smoothing = settings.label_smoothing, .focal_gamma = settings.focal_gamma},
                            settings.class_weights.to(output.logits.device()));
}

/// The mean binary cross-entropy over all labels, float [B, C] with values from 0 to 1. Throws Error(shape) for labels
/// of another shape, or that are class ids.
inline Variable<float> multi_label_loss(const ModelOutput& output, const Batch& batch,
                                        const LossSettings& settings = {}) {
  return ops::bce_with_logits(output.logits, detail::values_for(ProblemType::multi_label_classification, output, batch),
                              settings.pos_weight.to(output.logits.device()));
}

/// The mean squared error over all values, float [B, C]; for one value of each text also [B], or int64 [B]. Throws
/// Error(shape) for labels of another shape.
inline Variable<float> regression_loss(const ModelOutput& output, const Batch& batch) {
  return ops::mse_loss(output.logits, Variable<float>(detail::values_for(ProblemType::regression, output, batch)));
}

/// The loss of `model` for its output and the labels of `batch`, which decide the kind of problem if nothing else has.
/// Throws Error(invalid_argument) for settings that the problem does not have, and what the three losses throw.
inline Variable<float> model_loss(const Model& model, const ModelOutput& output, const Batch& batch,
                                  const LossSettings& settings = {}) {
  const ProblemType problem = model.decide_problem_type(batch.labels, output.logits.size(1));
  detail::check_loss_settings(problem, settings);
  switch (problem) {
    case ProblemType::single_label_classification: return classification_loss(output, batch, settings);
    case ProblemType::multi_label_classification: return multi_label_loss(output, batch, settings);
    case ProblemType::regression: return regression_loss(output, batch);
  }
  fail(ErrorCode::state, "problem_type: unknown");
}

/// What the loss of a batch is a mean over: the rows or tokens with a label, each by the weight of its class, or the
/// numbers of multi_label_classification and regression.
inline double loss_items(const Batch& batch, const LossSettings& settings = {}) {
  if (batch.labels.empty()) return 0.0;
  const auto* ids = batch.labels.find<std::int64_t>("labels");
  if (ids == nullptr) {
    const auto* values = batch.labels.find<float>("labels");
    return static_cast<double>(values ? values->elements() : batch.texts());
  }
  const Tensor<std::int64_t> labels = ids->to(cpu_device);
  const Tensor<float>& weights = settings.class_weights;
  double items = 0.0;
  for (const std::int64_t label : labels.span()) {
    if (label == -100) continue;
    const bool weighted = weights.defined() && label >= 0 && label < weights.elements();
    items += weighted ? static_cast<double>(weights.data()[label]) : 1.0;
  }
  return items;
}

}  // namespace tl
