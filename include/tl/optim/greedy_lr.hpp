// The schedule that raises the learning rate while a metric of the evaluations improves and lowers it while it does
// not: GreedyLR of the reference, arXiv:2512.14527.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <tl/optim/learning_rate_schedule.hpp>
#include <tl/optim/scheduler_kwargs.hpp>

namespace tl {

/// Divides the learning rates by `factor` when a metric has improved in more than `patience` evaluations running, and
/// multiplies them when it has not improved in as many. Whether all rates are at their lower bound depends on all of
/// them, so it knows those that learning_rate() was asked for.
class GreedyLR : public LearningRateSchedule {
 public:
  /// Arguments: mode (min, max), factor, patience, threshold, threshold_mode (abs, rel), cooldown, warmup, min_lr,
  /// max_lr, eps, smooth (0, 1), window_size, reset_start. Throws Error(invalid_argument) for others, and for values
  /// out of range.
  explicit GreedyLR(const SchedulerKwargs& kwargs = {}) {
    detail::SchedulerArguments arguments("greedy", kwargs);
    max_ = arguments.choice("mode", {"min", "max"}) == "max";
    factor_ = arguments.number("factor").value_or(0.95);
    patience_ = count(arguments, "patience", 10);
    threshold_ = arguments.number("threshold").value_or(1e-6);
    relative_ = arguments.choice("threshold_mode", {"abs", "rel"}) == "rel";
    cooldown_ = count(arguments, "cooldown", 0);
    warmup_ = count(arguments, "warmup", 0);
    min_lr_ = arguments.number("min_lr").value_or(1e-3);
    max_lr_ = arguments.number("max_lr").value_or(1.0);
    eps_ = arguments.number("eps").value_or(1e-8);
    smooth_ = count(arguments, "smooth", 0) != 0;
    window_size_ = count(arguments, "window_size", 50);
    reset_start_ = count(arguments, "reset_start", 500);
    arguments.finish();
    check(factor_ > 0 && factor_ < 1, ErrorCode::invalid_argument,
          "lr_scheduler_kwargs: expected factor to be in (0, 1), got ", factor_);
    check(window_size_ >= 1, ErrorCode::invalid_argument,
          "lr_scheduler_kwargs: expected window_size to be at least 1, got ", window_size_);
    counters_.until_reset = reset_start_;
  }

  double learning_rate(double base, std::int64_t) const override {
    return rates_.try_emplace(base, base).first->second;
  }

  std::string name() const override { return "greedy"; }

  void on_train_begin(std::int64_t, std::int64_t) override {
    rates_.clear();
    reset();
  }

  void on_evaluate(double metric) override {
    if (smooth_) metric = smoothed(metric);
    if (counters_.cooling > 0 || counters_.warming > 0) {
      --(counters_.cooling > 0 ? counters_.cooling : counters_.warming);
      counters_.bad = counters_.good = 0;
      return;
    }
    const bool improved = better(metric);
    if (improved) best_ = metric;
    counters_.good = improved ? counters_.good + 1 : 0;
    counters_.bad = improved ? 0 : counters_.bad + 1;
    if (counters_.good > patience_) {
      increase();
      counters_.warming = warmup_;
      counters_.good = 0;
    } else if (counters_.bad > patience_) {
      reduce();
      counters_.cooling = cooldown_;
      counters_.bad = 0;
    }
  }

  std::map<std::string, double> state() const override {
    std::map<std::string, double> state;
    for (const auto& [key, member] : counter_names) state[key] = static_cast<double>(counters_.*member);
    if (best_) state["best"] = *best_;
    std::size_t i = 0;
    for (const auto& [base, rate] : rates_) {
      state[str_cat("base_", i)] = base;
      state[str_cat("rate_", i++)] = rate;
    }
    if (!window_.empty()) state["window_sum"] = window_sum_;
    for (i = 0; i < window_.size(); ++i) state[str_cat("window_", i)] = window_[i];
    return state;
  }

  void load_state(const std::map<std::string, double>& state) override {
    const auto find = [&state](const std::string& key) {
      const auto found = state.find(key);
      return found == state.end() ? std::nullopt : std::optional<double>(found->second);
    };
    for (const auto& [key, member] : counter_names) {
      const std::optional<double> value = find(key);
      check(value && *value >= 0 && *value == std::floor(*value) && *value <= 1e15, ErrorCode::format,
            "state of greedy: expected ", key, " to be a whole number >= 0, got ",
            value ? str_cat(*value) : std::string("nothing"));
      counters_.*member = static_cast<std::int64_t>(*value);
    }
    best_ = find("best");
    rates_.clear();
    for (std::size_t i = 0; find(str_cat("base_", i)); ++i) {
      const auto rate = find(str_cat("rate_", i));
      check(rate && *rate >= 0, ErrorCode::format, "state of greedy: expected rate_", i, " to be a number >= 0, got ",
            rate ? str_cat(*rate) : std::string("nothing"));
      rates_[*find(str_cat("base_", i))] = *rate;
    }
    window_.clear();
    window_sum_ = find("window_sum").value_or(0.0);
    for (std::size_t i = 0; find(str_cat("window_", i)); ++i) window_.push_back(*find(str_cat("window_", i)));
  }

 private:
  struct Counters {
    std::int64_t bad = 0, good = 0, cooling = 0, warming = 0, until_reset = 0;
  };
  static constexpr std::pair<const char*, std::int64_t Counters::*> counter_names[] = {
      {"num_bad_epochs", &Counters::bad},
      {"num_good_epochs", &Counters::good},
      {"cooldown_counter", &Counters::cooling},
      {"warmup_counter", &Counters::warming},
      {"reset_start", &Counters::until_reset}};

  static std::int64_t count(detail::SchedulerArguments& arguments, const char* name, std::int64_t otherwise) {
    return static_cast<std::int64_t>(arguments.count(name).value_or(static_cast<double>(otherwise)));
  }

  bool better(double metric) const {
    if (!best_) return max_ ? metric > -HUGE_VAL : metric < HUGE_VAL;
    if (relative_) return max_ ? metric > *best_ * (1.0 + threshold_) : metric < *best_ * (1.0 - threshold_);
    return max_ ? metric > *best_ + threshold_ : metric < *best_ - threshold_;
  }

  /// The mean of the last window_size metrics.
  double smoothed(double metric) {
    window_.push_back(metric);
    window_sum_ += metric;
    if (static_cast<std::int64_t>(window_.size()) > window_size_) {
      window_sum_ -= window_.front();
      window_.pop_front();
    }
    return window_sum_ / static_cast<double>(window_.size());
  }

  void increase() {
    for (auto& [base, rate] : rates_)
      if (const double next = std::min(rate / factor_, max_lr_); next - rate > eps_) rate = next;
    counters_.until_reset = reset_start_;
  }

  /// Lowers the rates, or, when they have been at their bound long enough, starts again.
  void reduce() {
    bool all_at_min = true;
    for (auto& [base, rate] : rates_) {
      if (const double next = std::max(rate * factor_, min_lr_); rate - next > eps_) rate = next;
      all_at_min = all_at_min && !(rate > min_lr_);
    }
    if (all_at_min && --counters_.until_reset <= 0) reset();
  }

  void reset() {
    for (auto& [base, rate] : rates_) rate = base;
    best_.reset();
    window_.clear();
    window_sum_ = 0.0;
    counters_ = {.until_reset = reset_start_};
  }

  bool max_ = false, relative_ = false, smooth_ = false;
  double factor_ = 0.95, threshold_ = 1e-6, min_lr_ = 1e-3, max_lr_ = 1.0, eps_ = 1e-8;
  std::int64_t patience_ = 10, cooldown_ = 0, warmup_ = 0, window_size_ = 50, reset_start_ = 500;
  std::optional<double> best_{};
  Counters counters_{};
  std::deque<double> window_{};
  double window_sum_ = 0.0;
  mutable std::map<double, double> rates_{};  // of each base rate that was asked for
};

}  // namespace tl
