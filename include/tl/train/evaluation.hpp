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
  LossOptions loss{};
  std::function<void(std::int64_t batch, std::int64_t batches)> on_batch{};
};

namespace detail {

/// Appends the elements of `some`, from any device.
template <class T> void append(std::vector<T>& all, const Tensor<T>& some) {
  const Tensor<T> host = some.to(cpu_device);
  for (const T value : host.span()) all.push_back(value);
}

/// Appends where the sequences of a batch end, counted from the first batch on.
inline void append_offsets(std::vector<std::int64_t>& all, const Tensor<std::int32_t>& cu_seqlens) {
  const std::int64_t before = all.back();
  const Tensor<std::int32_t> host = cu_seqlens.to(cpu_device);
  for (const std::int32_t end : host.span().subspan(1)) all.push_back(before + end);
}

/// A NaN prints as "nan" and never as "-nan", which says no more.
inline double without_sign_of_nan(double value) { return detail::is_nan(value) ? std::abs(value) : value; }

}  // namespace detail

/// Runs `model` over all rows, in order. The model must be in evaluation mode.
/// Throws Error(numeric) naming the rows if a loss is not finite.
inline EvaluationResult run_evaluation(const Model& model, const Collator& collate, const EvaluationOptions& options) {
  const NoGradGuard no_grad;
  BatchLoader batches({sequential_order(collate.size()), options.batch_size, options.drop_last}, collate);
  nn::ForwardContext context = model.context();
  if (batches.size() > 1) context.packed_weights = std::make_shared<PackedWeightCache>();
  EvaluationResult result;
  result.batches = batches.size();
  double loss_sum = 0.0;
  std::int64_t loss_rows = 0;
  std::vector<float> logits;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> offsets{0};
  std::int64_t classes = 0;
  bool by_token = model.task() == Task::token_classification;
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const Batch batch = batches.next();
    const auto rows = batches.rows();
    const ModelOutput output = compute_loss(model, batch, context, options.loss);
    if (options.loss.compute_loss || batch.has_loss()) {
      const double value = output.loss.value().item();
      if (!detail::is_finite(value))
        fail(ErrorCode::numeric, "evaluation: expected a finite loss, got ", detail::without_sign_of_nan(value),
             " for ", collate.describe(rows));
      loss_sum += value * static_cast<double>(rows.size());
      loss_rows += static_cast<std::int64_t>(rows.size());
    }
    if (!options.loss_only) {
      check(output.logits.shape().rank() == 2, ErrorCode::shape, "evaluation: expected logits [B, C] or [N, C], got ",
            output.logits.value());
      detail::append(logits, output.logits.value());
      classes = output.logits.size(1);
      by_token = by_token || output.logits.size(0) != batch.sequences();
      detail::append_offsets(offsets, batch.cu_seqlens);
      if (const auto* ids = batch.labels.find<std::int64_t>("labels")) detail::append(labels, *ids);
    }
    result.rows += static_cast<std::int64_t>(rows.size());
    if (options.on_batch) options.on_batch(i + 1, batches.size());
  }
  if (loss_rows > 0)
    result.loss = static_cast<float>(loss_sum / static_cast<double>(loss_rows));  // the reference's mean is a float
  if (options.loss_only) return result;
  const std::int64_t predicted = by_token ? offsets.back() : result.rows;
  result.prediction.predictions = Tensor<float>::from(logits, {predicted, classes});
  if (collate.has_labels() && static_cast<std::int64_t>(labels.size()) == predicted)
    result.prediction.label_ids = Tensor<std::int64_t>::from(labels, {predicted});
  if (by_token) result.prediction.offsets = std::move(offsets);
  return result;
}

}  // namespace tl
