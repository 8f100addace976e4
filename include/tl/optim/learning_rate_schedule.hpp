// The interface of a learning-rate schedule. A custom one derives from LearningRateSchedule, or is a function of
// the step: see lambda_schedule(). Those of the library are made by make_schedule().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <tl/core/error.hpp>

namespace tl {

/// What a Trainer asks of a schedule. It is the same object for the whole run.
class LearningRateSchedule {
 public:
  virtual ~LearningRateSchedule() = default;

  /// The learning rate of update number `step` (0-based) for parameters whose own learning rate is `base`.
  virtual double learning_rate(double base, std::int64_t step) const = 0;

  /// The name that a checkpoint keeps; only a schedule of the same name gets the state that is kept with it.
  virtual std::string name() const { return "user"; }

  /// Called before the first update of a run, which has `total_steps` updates, and before load_state().
  virtual void on_train_begin(std::int64_t total_steps, std::int64_t warmup_steps) {
    static_cast<void>(total_steps);
    static_cast<void>(warmup_steps);
  }

  /// Called after each evaluation during training with the value of metric_for_best_model, or of the loss.
  virtual void on_evaluate(double metric) { static_cast<void>(metric); }

  /// What a resumed run has to know besides the step: finite numbers by name.
  virtual std::map<std::string, double> state() const { return {}; }
  /// Restores what state() gave. Throws Error(format) for what it never gives.
  virtual void load_state(const std::map<std::string, double>& state) { static_cast<void>(state); }
};

/// A function of the step that gives the factor of the learning rate.
using ScheduleFactor = std::function<double(std::int64_t step)>;

/// A schedule that multiplies every learning rate by `factor(step)`, step being the number of updates made so far.
class LambdaSchedule : public LearningRateSchedule {
 public:
  explicit LambdaSchedule(ScheduleFactor factor, std::string name = "user")
      : factor_(std::move(factor)), name_(std::move(name)) {
    check(static_cast<bool>(factor_), ErrorCode::invalid_argument,
          "LambdaSchedule: expected a function of the step, got an empty one");
  }

  double learning_rate(double base, std::int64_t step) const override { return base * factor_(step); }
  std::string name() const override { return name_; }

 private:
  ScheduleFactor factor_;
  std::string name_;
};

/// A custom schedule, for TrainerOptions::lr_scheduler: lambda_schedule([](std::int64_t step) { ... }).
inline std::shared_ptr<LearningRateSchedule> lambda_schedule(ScheduleFactor factor) {
  return std::make_shared<LambdaSchedule>(std::move(factor));
}

}  // namespace tl
