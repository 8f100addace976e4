// One pass over a data set without gradients: logits and labels collected on the CPU, loss averaged over rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/finite.hpp>
#include <tl/data/batch_loader.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/train/metrics.hpp>
#include <tl/train/model.hpp>

namespace tl {

/// What evaluate() and predict() compute before metrics have names.
struct EvaluationResult {
  std::optional<double> loss{};  ///< nothing without labels
  EvalPrediction prediction{};   ///< predictions are undefined if only the loss was wanted
  std::int64_t rows = 0;
  std::int64_t batches = 0;
};

struct EvaluationOptions {
  std::int64_t batch_size = 8;
  bool drop_last = false;
  bool loss_only = false;
  double label_smoothing = 0.0;
  std::function<void(std::int64_t batch, std::int64_t batches)> on_batch{};
};

namespace detail {

/// Loss and logits of a batch. With label smoothing the model computes logits only and the loss is made here, as the
/// reference's label smoother does.
template <TrainableModel Model>
std::pair<Variable<float>, Variable<float>> loss_and_logits(const Model& model, const Batch& batch,
                                                            double label_smoothing) {
  if (!batch.labels) return {Variable<float>{}, model(batch.inputs).logits};
  if (label_smoothing > 0) {
    Variable<float> logits = model(batch.inputs).logits;
    return {ops::cross_entropy(logits, *batch.labels, {.label_smoothing = label_smoothing}), logits};
  }
  auto output = model(batch.inputs, batch.labels);
  check(output.loss.defined(), ErrorCode::state, "the model gave no loss although it was given labels");
  return {output.loss, output.logits};
}

/// Appends the elements of `some`, from any device.
template <class T> void append(std::vector<T>& all, const Tensor<T>& some) {
  const Tensor<T> host = some.to(cpu_device);
  for (const T value : host.span()) all.push_back(value);
}

/// A NaN prints as "nan" and never as "-nan", which says no more.
inline double without_sign_of_nan(double value) { return detail::is_nan(value) ? std::abs(value) : value; }

}  // namespace detail

/// Runs `model` over all rows, in order. The model must be in evaluation mode.
/// Throws Error(numeric) naming the rows if a loss is not finite.
template <TrainableModel Model>
EvaluationResult run_evaluation(Model& model, const PackedCollator& collate, const EvaluationOptions& options) {
  const NoGradGuard no_grad;
  BatchLoader batches({sequential_order(collate.size()), options.batch_size, options.drop_last}, collate);
  const auto weights = batches.size() > 1 ? std::make_shared<PackedWeightCache>() : nullptr;
  EvaluationResult result;
  result.batches = batches.size();
  double loss_sum = 0.0;
  std::int64_t loss_rows = 0;
  std::vector<float> logits;
  std::vector<std::int64_t> labels;
  std::int64_t classes = 0;
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const Batch batch = batches.next();
    const auto rows = batches.rows();
    const auto [loss, scores] = [&] {
      const nn::PackedWeightScope scope(model.context(), weights);
      return detail::loss_and_logits(std::as_const(model), batch, options.label_smoothing);
    }();
    if (batch.has_loss()) {
      const double value = loss.value().item();
      if (!detail::is_finite(value))
        fail(ErrorCode::numeric, "evaluation: expected a finite loss, got ", detail::without_sign_of_nan(value),
             " for ", collate.describe(rows));
      loss_sum += value * static_cast<double>(rows.size());
      loss_rows += static_cast<std::int64_t>(rows.size());
    }
    if (!options.loss_only) {
      detail::append(logits, scores.value());
      classes = scores.size(1);
      if (batch.labels) detail::append(labels, *batch.labels);
    }
    result.rows += static_cast<std::int64_t>(rows.size());
    if (options.on_batch) options.on_batch(i + 1, batches.size());
  }
  if (loss_rows > 0)
    result.loss = static_cast<float>(loss_sum / static_cast<double>(loss_rows));  // the reference's mean is a float
  if (options.loss_only) return result;
  result.prediction.predictions = Tensor<float>::from(logits, {result.rows, classes});
  if (collate.has_labels()) result.prediction.label_ids = Tensor<std::int64_t>::from(labels, {result.rows});
  return result;
}

}  // namespace tl
