// What `tl train` and `tl evaluate` measure.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <tl/io/utf8.hpp>
#include <tl/train/problem_metrics.hpp>
#include <tl/train/trainer_callback.hpp>

#include "commands.hpp"

namespace program {

/// --metrics and --report of a command that evaluates.
struct MetricOptions {
  std::string metrics;  ///< as given; empty: those that fit the problem
  bool report = false;

  void add(CLI::App& command) {
    command.add_option("--metrics", metrics, "what to report, with commas between: f1_macro,roc_auc");
    add_bool(command, "report", report, "the scores of each class and the confusion matrix, too");
  }

  std::vector<std::string> names() const { return split_names(metrics); }

  /// Adds to usage_problems() what is wrong with the names, which are to be among `known`.
  void check(const std::vector<std::string>& known) const {
    std::vector<std::string> seen;
    for (const std::string& name : names()) {
      const std::string shown = tl::escape_invalid_utf8(name);
      if (std::ranges::find(known, name) == known.end()) {
        usage_problems().push_back("--metrics: expected " + tl::detail::one_of(known) + ", got " + shown);
      } else if (std::ranges::find(seen, name) != seen.end()) {
        usage_problems().push_back("--metrics: expected each metric once, got " + shown + " twice");
      }
      seen.push_back(name);
    }
  }
};

/// The metrics of all kinds of problems of whole texts, or those that are reported by default; each once.
inline std::vector<std::string> text_metric_names(bool by_default) {
  std::vector<std::string> all;
  for (const tl::ProblemType type : tl::problem_types)
    for (std::string& name : by_default ? tl::default_metric_names(type) : tl::metric_names(type))
      if (std::ranges::find(all, name) == all.end()) all.push_back(std::move(name));
  return all;
}

/// What is wrong with metric_for_best_model, which has to be one that an evaluation of the program gives; or nothing.
/// Metrics begin with one of `prefixes`, "eval" or "eval_{name}"; `metrics` are the task's, without them, and
/// `possible` those that it may turn out to have when the files have been read.
inline std::string metric_problem(const tl::TrainingArguments& arguments, const std::vector<std::string>& prefixes,
                                  const std::vector<std::string>& metrics,
                                  const std::vector<std::string>& possible = {}) {
  const bool named = prefixes.front() != "eval";
  if (named && !arguments.metric_for_best_model) return {};  // whether one is needed, the Trainer knows
  const std::string wanted = arguments.metric_for_best_model.value_or("loss");
  std::vector<std::string> given{"loss", "runtime", "samples_per_second", "steps_per_second"};
  if (!arguments.prediction_loss_only) given.insert(given.begin() + 1, metrics.begin(), metrics.end());
  const auto is_wanted = [&](const std::string& name) {
    return std::ranges::any_of(prefixes, [&](const std::string& prefix) {
      return tl::eval_metric_name(wanted) == tl::str_cat(prefix, '_', name);
    });
  };
  std::vector<std::string> accepted = given;
  if (!arguments.prediction_loss_only) accepted.insert(accepted.end(), possible.begin(), possible.end());
  if (const auto found = std::ranges::find_if(accepted, is_wanted); found != accepted.end()) {
    if (arguments.greater_is_better || wanted.ends_with("loss") || !tl::smaller_is_better(*found)) return {};
    return tl::str_cat("greater_is_better: expected it to be given with metric_for_best_model ", wanted,
                       ", which is better when it is smaller, and is taken to be better when it is greater, as in the "
                       "reference; false is meant");
  }
  return tl::str_cat("metric_for_best_model: expected ", tl::detail::one_of(given), ", which an evaluation gives",
                     named ? tl::str_cat(", after ", prefixes.front(), '_') : "",
                     arguments.prediction_loss_only ? " with prediction_loss_only" : "", ", got ", wanted);
}

}  // namespace program
