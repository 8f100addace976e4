// What `tl train` and `tl evaluate` measure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <tl/train/metrics.hpp>
#include <tl/train/trainer_callback.hpp>

namespace program {

/// Accuracy and F1: that of class 1 if there are two classes, else the mean over the classes.
inline tl::ComputeMetrics classification_metrics(std::size_t classes) {
  return [average = classes == 2 ? tl::F1Average::binary : tl::F1Average::macro](const tl::EvalPrediction& prediction) {
    return tl::Metrics{{"accuracy", tl::accuracy(prediction)}, {"f1", tl::f1(prediction, average)}};
  };
}

/// What is wrong with metric_for_best_model, which has to be one that an evaluation of the program gives; or nothing.
/// Metrics begin with one of `prefixes`, "eval" or "eval_{name}"; `metrics` are the task's, without them.
inline std::string metric_problem(const tl::TrainingArguments& arguments, const std::vector<std::string>& prefixes,
                                  const std::vector<std::string>& metrics) {
  const bool named = prefixes.front() != "eval";
  if (named && !arguments.metric_for_best_model) return {};  // whether one is needed, the Trainer knows
  const std::string wanted = arguments.metric_for_best_model.value_or("loss");
  std::vector<std::string> given{"loss", "runtime", "samples_per_second", "steps_per_second"};
  if (!arguments.prediction_loss_only) given.insert(given.begin() + 1, metrics.begin(), metrics.end());
  std::string list;
  for (const auto& name : given) {
    for (const std::string& prefix : prefixes)
      if (tl::eval_metric_name(wanted) == tl::str_cat(prefix, '_', name)) return {};
    list += (list.empty() ? "" : name == given.back() ? " or " : ", ") + name;
  }
  return tl::str_cat("metric_for_best_model: expected ", list, ", which an evaluation gives",
                     named ? tl::str_cat(", after ", prefixes.front(), '_') : "",
                     arguments.prediction_loss_only ? " with prediction_loss_only" : "", ", got ", wanted);
}

}  // namespace program
