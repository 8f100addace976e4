// The schedule that follows a metric of the evaluations.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <tl/optim/learning_rate_schedule.hpp>
#include <tl/optim/scheduler_kwargs.hpp>

namespace tl {

/// Multiplies the learning rate by `factor` when a metric has not improved for more than `patience` evaluations, as
/// torch's ReduceLROnPlateau does.
class ReduceLROnPlateau : public LearningRateSchedule {
 public:
  /// Arguments: mode (min, max), factor, patience, threshold, threshold_mode (rel, abs), cooldown, min_lr, eps.
  /// Throws Error(invalid_argument) for others, and for values out of range.
  explicit ReduceLROnPlateau(const SchedulerKwargs& kwargs = {}) {
    detail::SchedulerArguments arguments("reduce_lr_on_plateau", kwargs);
    max_ = arguments.choice("mode", {"min", "max"}) == "max";
    factor_ = arguments.number("factor").value_or(0.1);
    patience_ = arguments.count("patience").value_or(10);
    threshold_ = arguments.number("threshold").value_or(1e-4);
    relative_ = arguments.choice("threshold_mode", {"rel", "abs"}) == "rel";
    cooldown_ = arguments.count("cooldown").value_or(0);
    min_lr_ = arguments.number("min_lr").value_or(0.0);
    eps_ = arguments.number("eps").value_or(1e-8);
    arguments.finish();
    check(factor_ < 1, ErrorCode::invalid_argument, "lr_scheduler_kwargs: expected factor to be below 1, got ",
          factor_);
  }

  double learning_rate(double base, std::int64_t) const override {
    for (std::int64_t i = 0; i < reductions_; ++i) {
      const double next = std::max(base * factor_, min_lr_);
      if (!(base - next > eps_)) break;
      base = next;
    }
    return base;
  }

  std::string name() const override { return "reduce_lr_on_plateau"; }

  void on_train_begin(std::int64_t, std::int64_t) override {
    best_.reset();
    bad_ = cooling_ = reductions_ = 0;
  }

  void on_evaluate(double metric) override {
    if (better(metric)) {
      best_ = metric;
      bad_ = 0;
    } else {
      ++bad_;
    }
    if (cooling_ > 0) {
      --cooling_;
      bad_ = 0;
    }
    if (static_cast<double>(bad_) <= patience_) return;
    ++reductions_;
    cooling_ = static_cast<std::int64_t>(cooldown_);
    bad_ = 0;
  }

  std::map<std::string, double> state() const override {
    std::map<std::string, double> state{{"num_bad_epochs", static_cast<double>(bad_)},
                                        {"cooldown_counter", static_cast<double>(cooling_)},
                                        {"reductions", static_cast<double>(reductions_)}};
    if (best_) state["best"] = *best_;
    return state;
  }

  void load_state(const std::map<std::string, double>& state) override {
    const auto count = [&state](const char* key) {
      const auto found = state.find(key);
      const double value = found == state.end() ? -1.0 : found->second;
      check(value >= 0 && value == std::floor(value) && value <= 1e15, ErrorCode::format,
            "state of reduce_lr_on_plateau: expected ", key, " to be a whole number >= 0, got ",
            found == state.end() ? "nothing" : str_cat(value));
      return static_cast<std::int64_t>(value);
    };
    bad_ = count("num_bad_epochs");
    cooling_ = count("cooldown_counter");
    reductions_ = count("reductions");
    const auto best = state.find("best");
    best_ = best == state.end() ? std::nullopt : std::optional<double>(best->second);
  }

 private:
  bool better(double metric) const {
    if (!best_) return max_ ? metric > -HUGE_VAL : metric < HUGE_VAL;
    if (relative_) return max_ ? metric > *best_ * (threshold_ + 1.0) : metric < *best_ * (1.0 - threshold_);
    return max_ ? metric > *best_ + threshold_ : metric < *best_ - threshold_;
  }

  bool max_ = false, relative_ = true;
  double factor_ = 0.1, patience_ = 10, threshold_ = 1e-4, cooldown_ = 0, min_lr_ = 0, eps_ = 1e-8;
  std::optional<double> best_{};
  std::int64_t bad_ = 0, cooling_ = 0, reductions_ = 0;
};

}  // namespace tl
