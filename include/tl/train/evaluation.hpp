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

/// Appends where the texts of a batch end, counted in tokens from the first batch on.
inline void append_offsets(std::vector<std::int64_t>& all, const Batch& batch) {
  const std::int64_t before = all.back();
  const Tensor<std::int32_t> ends = batch.cu_seqlens.to(cpu_device);
  if (!batch.cu_windows.defined()) {
    for (const std::int32_t end : ends.span().subspan(1)) all.push_back(before + end);
    return;
  }
  const Tensor<std::int32_t> windows = batch.cu_windows.to(cpu_device);
  for (const std::int32_t last : windows.span().subspan(1)) all.push_back(before + ends.data()[last]);
}

/// A NaN prints as "nan" and never as "-nan", which says no more.
inline double without_sign_of_nan(double value) { return is_nan(value) ? std::abs(value) : value; }

/// What the batches of an evaluation gave so far.
class EvaluationSums {
 public:
  EvaluationSums(const Collator& collate, const EvaluationOptions& options, bool by_token)
      : collate_(collate), options_(options), by_token_(by_token) {}

  /// Adds a batch of these rows. Throws Error(numeric) for a loss that is not finite, Error(shape).
  void add(const Batch& batch, const ModelOutput& output, std::span<const std::int64_t> rows) {
    if (options_.loss.compute_loss) add_loss(output.loss.value().item(), static_cast<double>(rows.size()), rows);
    else add_loss(batch, output, rows);
    rows_ += static_cast<std::int64_t>(rows.size());
    if (options_.loss_only) return;
    check(output.logits.shape().rank() == 2, ErrorCode::shape, "evaluation: expected logits [B, C] or [N, C], got ",
          output.logits.value());
    append(logits_, output.logits.value());
    classes_ = output.logits.size(1);
    by_token_ = by_token_ || output.logits.size(0) != batch.texts();
    append_offsets(offsets_, batch);
    if (const auto* ids = batch.labels.find<std::int64_t>("labels")) append(labels_, *ids);
    if (const auto* values = batch.labels.find<float>("labels")) {
      append(label_values_, *values);
      values_per_row_ = values->elements() / std::max<std::int64_t>(1, batch.texts());
    }
  }

  EvaluationResult result(std::int64_t batches) && {
    EvaluationResult result{.rows = rows_, .batches = batches};
    if (loss_weights_ > 0)
      result.loss = static_cast<float>(loss_sum_ / loss_weights_);  // the reference's mean is a float
    if (options_.loss_only) return result;
    const std::int64_t predicted = by_token_ ? offsets_.back() : rows_;
    result.prediction.predictions = Tensor<float>::from(logits_, {predicted, classes_});
    if (collate_.has_labels() && static_cast<std::int64_t>(labels_.size()) == predicted)
      result.prediction.label_ids = Tensor<std::int64_t>::from(labels_, {predicted});
    if (values_per_row_ > 0 && static_cast<std::int64_t>(label_values_.size()) == rows_ * values_per_row_)
      result.prediction.label_values = Tensor<float>::from(label_values_, {rows_, values_per_row_});
    if (by_token_) result.prediction.offsets = std::move(offsets_);
    return result;
  }

 private:
  void add_loss(const Batch& batch, const ModelOutput& output, std::span<const std::int64_t> rows) {
    const LossSettings& settings = options_.loss.settings;
    const double items = batch.labels.empty() ? 0.0 : loss_items(batch, settings);
    if (items == 0.0) return;  // the mean over nothing is NaN
    // Batches count by their rows, as in the reference, but a weighted mean is that of all rows.
    const double weight = settings.class_weights.defined() ? items : static_cast<double>(rows.size());
    add_loss(output.loss.value().item(), weight, rows);
  }

  void add_loss(double loss, double weight, std::span<const std::int64_t> rows) {
    if (!is_finite(loss))
      fail(ErrorCode::numeric, "evaluation: expected a finite loss, got ", without_sign_of_nan(loss), " for ",
           collate_.describe(rows));
    loss_sum_ += loss * weight;
    loss_weights_ += weight;
  }

  const Collator& collate_;
  const EvaluationOptions& options_;
  bool by_token_;  // else one row of logits for each sequence
  double loss_sum_ = 0.0, loss_weights_ = 0.0;
  std::int64_t rows_ = 0, classes_ = 0, values_per_row_ = 0;
  std::vector<float> logits_, label_values_;
  std::vector<std::int64_t> labels_, offsets_{0};
};

}  // namespace detail

/// Loss and logits of one batch, from any device, without gradients. The model must be in evaluation mode.
inline ModelOutput prediction_step(const Model& model, const Batch& batch, const nn::ForwardContext& context,
                                   const LossOptions& loss = {}) {
  const NoGradGuard no_grad;
  return compute_loss(model, batch.to(model.device()), context, loss);
}

/// Runs `model` over all rows, in order. The model must be in evaluation mode.
/// Throws Error(numeric) naming the rows if a loss is not finite.
inline EvaluationResult run_evaluation(const Model& model, const Collator& collate, const EvaluationOptions& options) {
  BatchLoader batches({sequential_order(collate.size()), options.batch_size, options.drop_last}, collate);
  nn::ForwardContext context = model.context();
  if (batches.size() > 1) context.packed_weights = std::make_shared<PackedWeightCache>();
  detail::EvaluationSums sums(collate, options, model.task() == Task::token_classification);
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const Batch batch = batches.next();
    sums.add(batch, prediction_step(model, batch, context, options.loss), batches.rows());
    if (options.on_batch) options.on_batch(i + 1, batches.size());
  }
  return std::move(sums).result(batches.size());
}

}  // namespace tl
