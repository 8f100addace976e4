// Callbacks: objects that watch a training run and steer it through TrainerControl. DefaultFlow, itself a callback,
// turns the strategies of TrainingArguments into requests; the others see its requests and may change them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/train/trainer_state.hpp>
#include <tl/train/training_arguments.hpp>

namespace tl {

class Model;
class RowSource;
struct EvalPrediction;
struct TrainerOptions;

/// What a callback gets. Members that an event has no value for are empty or zero.
struct TrainerEvent {
  const TrainingArguments& args;
  TrainerState& state;
  TrainerControl& control;
  const Json* logs = nullptr;     ///< on_log: the entry, without "step"
  const Json* metrics = nullptr;  ///< on_evaluate, on_predict
  std::string_view eval_prefix =
      "eval";                       ///< on_evaluate: what the names of the metrics begin with, "eval" or "eval_{name}"
  bool more_eval_datasets = false;  ///< on_evaluate: others of the same evaluation follow
  double learning_rate = 0.0;       ///< on_pre_optimizer_step, on_optimizer_step: the rate of this update
  std::span<const std::int64_t> rows{};     ///< on_substep_end, on_step_end: data set rows of the micro-batch just done
  std::int64_t batch = 0, batches = 0;      ///< on_prediction_step: batches done, of how many
  std::int64_t train_rows = 0;              ///< on_train_begin: rows of the training data
  std::string_view warning{};               ///< on_warning: one sentence
  const Model* model = nullptr;             ///< what is trained or evaluated
  std::string_view logging_dir{};           ///< the folder of this Trainer's reporters, which makes it when it writes
  const TrainerOptions* options = nullptr;  ///< rows, tokenizer and functions of the Trainer
  const RowSource* eval_rows = nullptr;     ///< on_evaluate: what was evaluated
  /// on_evaluate: null where only the loss was computed, see TrainerCallback::wants_predictions().
  const EvalPrediction* prediction = nullptr;
};

/// Base of all callbacks; override what you need. Events come in the order of these functions.
class TrainerCallback {
 public:
  virtual ~TrainerCallback() = default;

  virtual void on_init_end(const TrainerEvent&) {}  ///< the Trainer was made
  virtual void on_train_begin(const TrainerEvent&) {}
  virtual void on_epoch_begin(const TrainerEvent&) {}
  virtual void on_step_begin(const TrainerEvent&) {}          ///< before the first micro-batch of an update
  virtual void on_substep_end(const TrainerEvent&) {}         ///< after each micro-batch but the last of an update
  virtual void on_pre_optimizer_step(const TrainerEvent&) {}  ///< gradients are ready, weights not yet updated
  virtual void on_optimizer_step(const TrainerEvent&) {}      ///< weights are updated, state.global_step not yet
  virtual void on_step_end(const TrainerEvent&) {}
  virtual void on_log(const TrainerEvent&) {}
  virtual void on_prediction_step(const TrainerEvent&) {}  ///< after each batch of evaluate() or predict()
  virtual void on_evaluate(const TrainerEvent&) {}         ///< after each data set, before the best metric is updated
  virtual void on_predict(const TrainerEvent&) {}
  virtual void on_save(const TrainerEvent&) {}  ///< a checkpoint is complete
  virtual void on_epoch_end(const TrainerEvent&) {}
  virtual void on_train_end(const TrainerEvent&) {}
  virtual void on_warning(const TrainerEvent&) {}  ///< at any time: something is not as expected, the run goes on

  /// The name under which checkpoints keep state(); empty: the callback remembers nothing.
  virtual std::string name() const { return {}; }
  /// What must survive a resume: {"args": {...}, "attributes": {...}}.
  virtual Json state() const { return nullptr; }
  virtual void restore(const Json&) {}
  /// True if this callback shows log entries, so that the progress bar need not.
  virtual bool shows_logs() const { return false; }
  /// True if on_evaluate needs the predictions, so that they are kept although there is no compute_metrics.
  virtual bool wants_predictions() const { return false; }
};

/// Requests logging, evaluation, saving and the end as the arguments say.
class DefaultFlowCallback : public TrainerCallback {
 public:
  void on_step_end(const TrainerEvent& event) override {
    const TrainingArguments& args = event.args;
    const TrainerState& state = event.state;
    const std::int64_t step = state.global_step;
    if (step == 1 && args.logging_first_step) event.control.should_log = true;
    if (args.logging_strategy == IntervalStrategy::steps && step % state.logging_steps == 0)
      event.control.should_log = true;
    if (args.eval_strategy == IntervalStrategy::steps && step % state.eval_steps == 0 &&
        args.eval_delay <= static_cast<double>(step))
      event.control.should_evaluate = true;
    if (args.save_strategy == IntervalStrategy::steps && step % state.save_steps == 0) event.control.should_save = true;
    if (step >= state.max_steps) {
      event.control.should_training_stop = true;
      if (args.save_strategy == IntervalStrategy::steps) event.control.should_save = true;
    }
  }

  void on_epoch_end(const TrainerEvent& event) override {
    if (event.args.logging_strategy == IntervalStrategy::epoch) event.control.should_log = true;
    if (event.args.eval_strategy == IntervalStrategy::epoch && event.args.eval_delay <= event.state.epoch.value_or(0.0))
      event.control.should_evaluate = true;
    if (event.args.save_strategy == IntervalStrategy::epoch) event.control.should_save = true;
  }
};

/// The name of the metric in the entries of evaluate(): with "eval_" in front.
inline std::string eval_metric_name(const std::string& metric) {
  return metric.starts_with("eval_") ? metric : str_cat("eval_", metric);
}

/// The value of metric_for_best_model in `metrics`. Throws Error(not_found) with the names that are there.
inline double metric_for_best_model(const TrainingArguments& args, const Json& metrics) {
  const std::string name = eval_metric_name(*args.metric_for_best_model);
  if (const Json* const found = detail::find_member(metrics, name); found != nullptr && found->is_number())
    return found->get<double>();
  std::string present;
  for (const auto& [key, value] : metrics.items()) present += str_cat(present.empty() ? "" : ", ", key);
  fail(ErrorCode::not_found, "metric_for_best_model: expected a metric of the evaluation, got ", name,
       "; there are: ", present);
}

/// Stops when the metric for the best model has not improved by more than `threshold` in `patience` evaluations
/// running.
class EarlyStoppingCallback : public TrainerCallback {
 public:
  /// Throws Error(invalid_argument) if patience < 1 or threshold < 0.
  explicit EarlyStoppingCallback(std::int64_t patience = 1, double threshold = 0.0)
      : patience_(patience), threshold_(threshold) {
    check(patience >= 1, ErrorCode::invalid_argument, "EarlyStoppingCallback: expected a patience of at least 1, got ",
          patience);
    check(threshold >= 0, ErrorCode::invalid_argument, "EarlyStoppingCallback: expected a threshold >= 0, got ",
          threshold);
  }

  void on_train_begin(const TrainerEvent& event) override {
    check(event.args.metric_for_best_model.has_value(), ErrorCode::invalid_argument,
          "EarlyStoppingCallback: expected metric_for_best_model to be set, or load_best_model_at_end to be true");
    check(event.args.eval_strategy != IntervalStrategy::no, ErrorCode::invalid_argument,
          "EarlyStoppingCallback: expected an eval_strategy of steps or epoch, got no");
  }

  void on_evaluate(const TrainerEvent& event) override {
    const bool has_metric = event.metrics->contains(eval_metric_name(*event.args.metric_for_best_model));
    if (event.eval_prefix != "eval" && !has_metric) return;  // of several data sets one has it
    const double value = metric_for_best_model(event.args, *event.metrics);
    const auto& best = event.state.best_metric;
    const bool better = !best || (event.args.greater_is_better.value_or(true) ? value > *best : value < *best);
    const bool enough = !best || std::abs(value - *best) > threshold_;
    counter_ = better && enough ? 0 : counter_ + 1;
    if (counter_ >= patience_) event.control.should_training_stop = true;
  }

  /// Evaluations since the last improvement.
  std::int64_t counter() const { return counter_; }

  std::string name() const override { return "EarlyStoppingCallback"; }
  Json state() const override {
    return {{"args", {{"early_stopping_patience", patience_}, {"early_stopping_threshold", threshold_}}},
            {"attributes", {{"early_stopping_patience_counter", counter_}}}};
  }
  void restore(const Json& state) override {
    const Json* const attributes = detail::find_member(state, "attributes");
    const Json* const counter =
        attributes ? detail::find_member(*attributes, "early_stopping_patience_counter") : nullptr;
    if (counter != nullptr && detail::is_int64(*counter)) counter_ = counter->get<std::int64_t>();
  }

 private:
  std::int64_t patience_;
  double threshold_;
  std::int64_t counter_ = 0;
};

/// Ends the run after the present step once `request` is not 0, with a checkpoint if the run writes any, from which it
/// goes on as if it had never stopped; TrainOutput::interrupted is then true. Meant for signals: storing a number is
/// what a signal handler may do. The handler is the program's; the library installs none.
class InterruptCallback : public TrainerCallback {
 public:
  /// `request` must outlive the callback.
  explicit InterruptCallback(const std::atomic<int>& request) : request_(request) {}

  void on_step_end(const TrainerEvent& event) override { look(event); }
  void on_evaluate(const TrainerEvent& event) override { look(event); }

 private:
  static_assert(std::atomic<int>::is_always_lock_free, "a signal handler could not store a request");

  void look(const TrainerEvent& event) const {
    if (request_.load() != 0) event.control.should_interrupt = true;
  }

  const std::atomic<int>& request_;
};

/// Calls a list of callbacks one after the other.
class CallbackList {
 public:
  using Event = void (TrainerCallback::*)(const TrainerEvent&);

  void add(std::shared_ptr<TrainerCallback> callback) {
    check(callback != nullptr, ErrorCode::invalid_argument, "Trainer: expected a callback, got a null pointer");
    callbacks_.push_back(std::move(callback));
  }
  void call(Event event, const TrainerEvent& details) const {
    for (const auto& callback : callbacks_) (callback.get()->*event)(details);
  }
  /// The same for callbacks that a run can do without: one that throws is left out from then on, and `tell` gets why.
  void call_or_drop(Event event, const TrainerEvent& details, const std::function<void(const std::string&)>& tell) {
    for (auto& callback : callbacks_) {
      std::string complaint;
      try {
        (callback.get()->*event)(details);
      } catch (const std::exception& error) {
        complaint = error.what();
      }
      if (complaint.empty()) continue;
      callback = std::make_shared<TrainerCallback>();  // does nothing
      tell(complaint);
    }
  }
  bool shows_logs() const {
    for (const auto& callback : callbacks_)
      if (callback->shows_logs()) return true;
    return false;
  }

  bool wants_predictions() const {
    for (const auto& callback : callbacks_)
      if (callback->wants_predictions()) return true;
    return false;
  }

  /// The states of all callbacks that have one, by name; a second one of the same name gets "-2" and so on.
  void save(Json& states) const {
    const auto names = state_names();
    for (std::size_t i = 0; i < names.size(); ++i)
      if (!names[i].empty()) states[names[i]] = callbacks_[i]->state();
  }
  void restore(const Json& states) const {
    const auto names = state_names();
    for (std::size_t i = 0; i < names.size(); ++i)
      if (const Json* const found = names[i].empty() ? nullptr : detail::find_member(states, names[i]))
        callbacks_[i]->restore(*found);
  }

 private:
  // The name of each callback's state; empty: it has none.
  std::vector<std::string> state_names() const {
    std::vector<std::string> names, seen;
    for (const auto& callback : callbacks_) {
      seen.push_back(callback->name());
      const auto same = std::count(seen.begin(), seen.end(), seen.back());
      names.push_back(same == 1 || seen.back().empty() ? seen.back() : str_cat(seen.back(), '-', same));
    }
    return names;
  }

  std::vector<std::shared_ptr<TrainerCallback>> callbacks_;
};

}  // namespace tl
