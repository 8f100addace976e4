// The evaluating half of the Trainer: data sets as batches for its model, evaluate() and predict().
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/train/evaluation.hpp>
#include <tl/train/loss_weights.hpp>
#include <tl/train/model.hpp>
#include <tl/train/trainer_base.hpp>

namespace tl {

/// What a Trainer does without training; made as a part of one.
class TrainerEvaluation : public TrainerBase {
 public:
  /// Loss and metrics over eval_dataset, or `datasets`, under names that begin with `prefix`, of several data sets with
  /// "{prefix}_{name}"; logged and given to the callbacks for each data set. Throws Error(state) if there is none,
  /// Error(invalid_argument) for names that repeat or are empty, and for a metric that two data sets have.
  Json evaluate(const EvalDatasets& datasets = {}, const std::string& prefix = "eval");

  /// Logits, labels and metrics over `dataset`, which needs no labels.
  PredictionOutput predict(const RowSource& dataset, const std::string& prefix = "test");

  Model& model() { return model_; }

 protected:
  TrainerEvaluation(Model& model, const TrainingArguments& args, TrainerOptions&& options)
      : TrainerBase(args, std::move(options)), model_(model), generator_(seed()) {
    event_model_ = &model_;
    const Device device = args_.device();
    require_precision(device, precision());
    model_.to(device);
  }

  std::uint64_t seed() const { return static_cast<std::uint64_t>(args_.seed); }

  /// The rows of `source` as batches for this model. Throws what is wrong with them.
  std::shared_ptr<const Collator> collator(const RowSource& source, const std::string& name) const {
    std::shared_ptr<const Collator> collate = source.stream() ? streamed(source, name) : source.collator();
    check(source.has_value() && (collate || source.dataset()->num_rows() > 0) && (!collate || collate->size() > 0),
          ErrorCode::invalid_argument, name, ": expected at least one row, got 0");
    if (!collate && options_.data_collator)
      collate = std::make_shared<FunctionCollator>(*source.dataset(), *options_.data_collator, name);
    else if (!collate) collate = std::make_shared<PackedCollator>(*source.dataset(), collator_options(model_, name));
    if (collate->has_labels() && !options_.compute_loss) model_.check_trainable();
    collate->check_rows();
    return collate;
  }

  /// The batches of a stream. Throws Error(invalid_argument) where one needs all rows at once.
  std::shared_ptr<const Collator> streamed(const RowSource& source, const std::string& name) const {
    check(name == "train_dataset", ErrorCode::invalid_argument, name,
          ": expected rows in memory, got a stream; take(n).to_dataset() of the stream gives its first n");
    return source.stream()({.batch_size = args_.per_device_train_batch_size,
                            .batches = args_.max_steps * args_.gradient_accumulation_steps,
                            .drop_last = args_.dataloader_drop_last,
                            .options = collator_options(model_, name),
                            .data_collator = *options_.data_collator});
  }

  /// Where the losses come from. Weights that are balanced follow the training rows, so `train_rows` are looked at
  /// once.
  const LossOptions& loss_options(const Collator* train_rows = nullptr) const;

  Precision precision() const { return args_.precision(); }
  void set_precision() { model_.context().precision = precision(); }

  /// What errors call the data set whose metrics begin with `prefix`.
  static std::string eval_name(const std::string& prefix) {
    if (prefix == "eval") return "eval_dataset";
    return prefix.starts_with("eval_") ? str_cat("eval_dataset ", prefix.substr(5)) : str_cat(prefix, " data set");
  }

  Model& model_;
  // Stands for the reference's global generator, as far as the order of batches depends on it: two draws at the start
  // of each pass over data, and the permutation of group_by_length.
  Mt19937 generator_;

 private:
  Tensor<float> loss_weights(const char* argument, const std::optional<std::string>& text, ProblemType problem,
                             const Collator* train_rows) const;
  EvaluationResult evaluation_loop(const RowSource& dataset, const std::string& prefix, bool loss_only, Json& metrics);
  Json evaluate_one(const RowSource& dataset, const std::string& prefix, bool last);

  mutable std::optional<LossOptions> loss_options_;  // made when they are needed
};

inline const LossOptions& TrainerEvaluation::loss_options(const Collator* train_rows) const {
  if (!loss_options_) {
    using enum ProblemType;
    const LossSettings settings{
        .label_smoothing = args_.label_smoothing_factor,
        .focal_gamma = args_.focal_gamma,
        .class_weights = loss_weights("class_weights", args_.class_weights, single_label_classification, train_rows),
        .pos_weight = loss_weights("pos_weight", args_.pos_weight, multi_label_classification, train_rows)};
    loss_options_ = LossOptions{settings, *options_.compute_loss};
  }
  return *loss_options_;
}

/// What the argument says, for the classes of the model; undefined if it says nothing.
inline Tensor<float> TrainerEvaluation::loss_weights(const char* argument, const std::optional<std::string>& text,
                                                     ProblemType problem, const Collator* train_rows) const {
  if (!text) return {};
  const LossWeights weights(argument, *text);
  const std::vector<std::string> names = model_.config().label_names();
  if (!weights.balanced()) return weights.of_classes(names, problem);
  std::shared_ptr<const Collator> made;
  if (!train_rows) {
    check(options_.train_dataset->has_value(), ErrorCode::state, argument,
          ": expected a train_dataset, because the weights are balanced, the Trainer was given none");
    made = collator(*options_.train_dataset, "train_dataset");
    train_rows = made.get();
  }
  check(!train_rows->is_stream(), ErrorCode::invalid_argument, argument,
        ": expected the weight of each class, because train_dataset is a stream, whose labels cannot be counted before",
        ", got balanced");
  return weights.of_classes(names, problem, count_labels(*train_rows, model_.config().num_labels()));
}

/// Runs the model over `dataset` in evaluation mode and fills `metrics` with everything but the epoch.
inline EvaluationResult TrainerEvaluation::evaluation_loop(const RowSource& dataset, const std::string& prefix,
                                                           bool loss_only, Json& metrics) {
  const std::shared_ptr<const Collator> collate = collator(dataset, eval_name(prefix));
  const detail::ContextGuard restore(model_.context());
  const Stopwatch watch;
  model_.train(false);
  set_precision();
  generator_.next_int64();
  const EvaluationResult result = run_evaluation(model_, *collate,
                                                 {.batch_size = args_.per_device_eval_batch_size,
                                                  .drop_last = args_.dataloader_drop_last,
                                                  .loss_only = loss_only,
                                                  .loss = loss_options(),
                                                  .on_batch = [this](std::int64_t batch, std::int64_t batches) {
                                                    TrainerEvent details = event();
                                                    details.batch = batch;
                                                    details.batches = batches;
                                                    call(&TrainerCallback::on_prediction_step, details);
                                                  }});
  if (result.loss) metrics[str_cat(prefix, "_loss")] = *result.loss;
  if (options_.compute_metrics && !loss_only && collate->has_labels() && result.rows > 0)
    for (const auto& [name, value] : (*options_.compute_metrics)(result.prediction))
      metrics[prefixed(prefix, name)] = value;
  const auto samples = static_cast<double>(result.rows);
  const double steps = std::ceil(samples / static_cast<double>(args_.per_device_eval_batch_size));
  detail::add_speed_metrics(metrics, prefix, watch.seconds(), samples, steps);
  return result;
}

inline Json TrainerEvaluation::evaluate(const EvalDatasets& datasets, const std::string& prefix) {
  const EvalDatasets& chosen = datasets.has_value() ? datasets : options_.eval_dataset;
  check(chosen.has_value(), ErrorCode::state, "evaluate(): expected a data set, the Trainer was given no eval_dataset");
  const std::string problem = chosen.problem();
  check(problem.empty(), ErrorCode::invalid_argument, problem);
  Json all = Json::object();
  for (const auto& set : chosen.sets()) {
    const Json metrics = evaluate_one(set.second, chosen.prefix(set.first, prefix), &set == &chosen.sets().back());
    for (const auto& [key, value] : metrics.items()) {
      check(key == "epoch" || !all.contains(key), ErrorCode::invalid_argument,
            "eval_dataset: expected names under which every metric has a name of its own, got ", key, " twice");
      all[key] = value;
    }
  }
  return all;
}

/// Evaluates on one data set; `last` of those that are evaluated together.
inline Json TrainerEvaluation::evaluate_one(const RowSource& dataset, const std::string& prefix, bool last) {
  Json metrics = Json::object();
  const bool wanted = options_.compute_metrics || callbacks_.wants_predictions() || reporters_.wants_predictions();
  const bool loss_only = args_.prediction_loss_only || !wanted;
  const EvaluationResult result = evaluation_loop(dataset, prefix, loss_only, metrics);
  log(metrics);
  control_.should_evaluate = false;
  TrainerEvent details = event();
  details.metrics = &metrics;
  details.eval_prefix = prefix;
  details.more_eval_datasets = !last;
  details.eval_rows = &dataset;
  details.prediction = result.prediction.predictions.defined() ? &result.prediction : nullptr;
  call(&TrainerCallback::on_evaluate, details);
  return metrics;
}

inline PredictionOutput TrainerEvaluation::predict(const RowSource& dataset, const std::string& prefix) {
  PredictionOutput output;
  const EvaluationResult result = evaluation_loop(dataset, prefix, args_.prediction_loss_only, output.metrics);
  output.predictions = result.prediction.predictions;
  output.label_ids = result.prediction.label_ids;
  output.offsets = result.prediction.offsets;
  output.label_values = result.prediction.label_values;
  TrainerEvent details = event();
  details.metrics = &output.metrics;
  call(&TrainerCallback::on_predict, details);
  return output;
}

}  // namespace tl
