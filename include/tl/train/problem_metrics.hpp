// The metrics of a kind of problem by name: which there are, which fit without being chosen, and a compute_metrics of
// them. The values are those of tl/metrics for the decisions and probabilities that the logits give.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/problem_type.hpp>
#include <tl/metrics/probability.hpp>
#include <tl/metrics/regression.hpp>
#include <tl/models/calibration.hpp>
#include <tl/train/metrics.hpp>

namespace tl {

/// How logits become probabilities and decisions.
struct DecisionOptions {
  ProblemType problem_type = ProblemType::single_label_classification;
  double temperature = 1.0;  ///< logits are divided by it
  /// One for each class, or none. Of several labels those count whose probability is above theirs, else 0.5; of one
  /// label the class with the highest probability / threshold.
  std::vector<double> thresholds{};
};

/// What metrics read of an evaluation: the rows with a label, on the CPU.
struct LabelledPredictions {
  ProblemType problem_type = ProblemType::single_label_classification;
  std::int64_t classes = 0;                         ///< or outputs of a regression
  std::vector<std::int64_t> labels{}, predicted{};  ///< [rows], or 0/1 [rows, C] of several labels; none of numbers
  std::vector<double> scores{};                     ///< probabilities, or predicted numbers, [rows, C]
  std::vector<double> values{};                     ///< the labels of a regression, [rows, C]

  bool several() const { return problem_type == ProblemType::multi_label_classification; }
  metrics::LabelMatrix label_matrix() const { return {labels, classes}; }
  metrics::LabelMatrix predicted_matrix() const { return {predicted, classes}; }
  metrics::ScoreMatrix score_matrix() const { return {scores, classes}; }
  metrics::ScoreMatrix value_matrix() const { return {values, classes}; }
};

namespace detail {

/// Softmax of a row of logits over its temperature.
inline void append_softmax(std::vector<double>& all, std::span<const float> logits, double temperature) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  const std::size_t first = all.size();
  double sum = 0.0;
  for (const float logit : logits) sum += all.emplace_back(std::exp((logit - largest) / temperature));
  for (std::size_t i = first; i < all.size(); ++i) all[i] /= sum;
}

inline void append_single_labels(LabelledPredictions& all, const EvalPrediction& p, const DecisionOptions& options) {
  check(p.label_ids.defined(), ErrorCode::invalid_argument,
        "metrics: expected labels of single_label_classification, the data set has none");
  check(p.label_ids.elements() == p.predictions.size(0), ErrorCode::shape,
        "metrics: expected as many labels as predictions, got ", p.label_ids.elements(), " and ",
        p.predictions.size(0));
  const std::vector<std::int64_t> largest = argmax(p.predictions);
  for (std::int64_t row = 0; row < p.predictions.size(0); ++row) {
    const std::int64_t label = p.label_ids.data()[row];
    if (label == -100) continue;
    all.labels.push_back(label);
    append_softmax(all.scores,
                   p.predictions.span().subspan(static_cast<std::size_t>(row * all.classes),
                                                static_cast<std::size_t>(all.classes)),
                   options.temperature);
    const auto probabilities = std::span<const double>(all.scores).last(static_cast<std::size_t>(all.classes));
    all.predicted.push_back(options.thresholds.empty() ? largest[static_cast<std::size_t>(row)]
                                                       : decided_class(probabilities, options.thresholds));
  }
}

inline void append_values(LabelledPredictions& all, const EvalPrediction& p, const DecisionOptions& options) {
  check(p.label_values.defined(), ErrorCode::invalid_argument, "metrics: expected labels of ", all.problem_type,
        ", the data set has none");
  check(p.label_values.shape() == p.predictions.shape(), ErrorCode::shape,
        "metrics: expected labels of the shape of the predictions ", p.predictions, ", got ", p.label_values);
  for (std::int64_t i = 0; i < p.predictions.elements(); ++i) {
    const auto logit = static_cast<double>(p.predictions.data()[i]);
    const auto value = static_cast<double>(p.label_values.data()[i]);
    if (!all.several()) {
      all.values.push_back(value);
      all.scores.push_back(logit);
      continue;
    }
    check(value == 0.0 || value == 1.0, ErrorCode::invalid_argument, "metrics: expected labels 0 or 1, got ", value,
          " in row ", i / all.classes);
    all.labels.push_back(value == 1.0);
    all.scores.push_back(1.0 / (1.0 + std::exp(-logit / options.temperature)));
    // Without thresholds the logit decides, as in the scripts of the reference; the probability may be rounded to 0.5.
    all.predicted.push_back(options.thresholds.empty()
                                ? logit > 0.0
                                : all.scores.back() > options.thresholds[static_cast<std::size_t>(i % all.classes)]);
  }
}

}  // namespace detail

/// Labels, decisions and probabilities of the rows of an evaluation; those with label -100 do not count.
/// Throws Error(shape), and Error(invalid_argument) for labels of another kind of problem or another number of
/// thresholds.
inline LabelledPredictions labelled_predictions(const EvalPrediction& p, const DecisionOptions& options) {
  check(p.predictions.rank() == 2 && p.predictions.size(1) > 0, ErrorCode::shape,
        "metrics: expected predictions [rows, C], got ", p.predictions);
  LabelledPredictions all{.problem_type = options.problem_type, .classes = p.predictions.size(1)};
  check(options.thresholds.empty() || std::ssize(options.thresholds) == all.classes, ErrorCode::invalid_argument,
        "metrics: expected a threshold for each of the ", all.classes, " classes, got ", options.thresholds.size());
  if (options.problem_type == ProblemType::single_label_classification) detail::append_single_labels(all, p, options);
  else detail::append_values(all, p, options);
  check(!all.scores.empty(), ErrorCode::invalid_argument, "metrics: expected a row with a label, got none");
  return all;
}

namespace detail {

/// A metric of one kind of problem, or of more.
struct NamedMetric {
  std::string_view name;
  double (*value)(const LabelledPredictions&);
  bool by_default = false, smaller_is_better = false;
};

using metrics::Average;

/// What "f1" means without an average: of class 1 of two, the mean over more classes, all decisions of several labels.
inline Average usual_average(const LabelledPredictions& p) {
  return p.several() ? Average::micro : p.classes == 2 ? Average::binary : Average::macro;
}

inline metrics::PrecisionRecallFScore scores(const LabelledPredictions& p, Average average) {
  const metrics::PrecisionRecallOptions options{.average = average};
  if (p.several()) return metrics::precision_recall_fscore("metrics", p.label_matrix(), p.predicted_matrix(), options);
  return metrics::precision_recall_fscore("metrics", metrics::Classes(p.labels), metrics::Classes(p.predicted),
                                          options);
}

template <Average average> double precision_of(const LabelledPredictions& p) { return scores(p, average).precision; }
template <Average average> double recall_of(const LabelledPredictions& p) { return scores(p, average).recall; }
template <Average average> double f1_of(const LabelledPredictions& p) { return scores(p, average).f_score; }

/// The probabilities of class 1 of two.
inline std::vector<double> second_column(const LabelledPredictions& p) { return p.score_matrix().column(1); }

template <Average average, metrics::MultiClass multi_class = metrics::MultiClass::ovr>
double roc_auc_of(const LabelledPredictions& p) {
  if (p.several()) return metrics::roc_auc_score(p.label_matrix(), p.score_matrix(), {.average = average});
  if (p.classes == 2) return metrics::roc_auc_score(p.labels, second_column(p));
  return metrics::roc_auc_score(p.labels, p.score_matrix(), {.multi_class = multi_class, .average = average});
}

template <Average average> double average_precision_of(const LabelledPredictions& p) {
  if (p.several()) return metrics::average_precision_score(p.label_matrix(), p.score_matrix(), average);
  if (p.classes == 2) return metrics::average_precision_score(p.labels, second_column(p));
  return metrics::average_precision_score(p.labels, p.score_matrix(), average);
}

inline std::span<const NamedMetric> single_label_metrics() {
  using In = const LabelledPredictions&;
  static constexpr std::array all{
      NamedMetric{"accuracy", [](In p) { return metrics::accuracy_score(p.labels, p.predicted); }, true},
      NamedMetric{"f1", [](In p) { return scores(p, usual_average(p)).f_score; }, true},
      NamedMetric{"f1_micro", f1_of<Average::micro>},
      NamedMetric{"f1_macro", f1_of<Average::macro>},
      NamedMetric{"f1_weighted", f1_of<Average::weighted>},
      NamedMetric{"precision", [](In p) { return scores(p, usual_average(p)).precision; }},
      NamedMetric{"precision_micro", precision_of<Average::micro>},
      NamedMetric{"precision_macro", precision_of<Average::macro>},
      NamedMetric{"precision_weighted", precision_of<Average::weighted>},
      NamedMetric{"recall", [](In p) { return scores(p, usual_average(p)).recall; }},
      NamedMetric{"recall_micro", recall_of<Average::micro>},
      NamedMetric{"recall_macro", recall_of<Average::macro>},
      NamedMetric{"recall_weighted", recall_of<Average::weighted>},
      NamedMetric{"balanced_accuracy", [](In p) { return metrics::balanced_accuracy_score(p.labels, p.predicted); }},
      NamedMetric{"matthews_correlation", [](In p) { return metrics::matthews_corrcoef(p.labels, p.predicted); }},
      NamedMetric{"roc_auc", roc_auc_of<Average::macro>},
      NamedMetric{"roc_auc_weighted", roc_auc_of<Average::weighted>},
      NamedMetric{"roc_auc_ovo", roc_auc_of<Average::macro, metrics::MultiClass::ovo>},
      NamedMetric{"roc_auc_ovo_weighted", roc_auc_of<Average::weighted, metrics::MultiClass::ovo>},
      NamedMetric{"average_precision", average_precision_of<Average::macro>},
      NamedMetric{"average_precision_weighted", average_precision_of<Average::weighted>},
      NamedMetric{"log_loss", [](In p) { return metrics::log_loss(p.labels, p.score_matrix()); }, false, true},
      NamedMetric{"brier_score", [](In p) { return metrics::brier_score_loss(p.labels, p.score_matrix()); }, false,
                  true},
      NamedMetric{"expected_calibration_error",
                  [](In p) { return metrics::expected_calibration_error(p.labels, p.score_matrix()); }, false, true}};
  return all;
}

inline std::span<const NamedMetric> multi_label_metrics() {
  using In = const LabelledPredictions&;
  static constexpr std::array all{
      NamedMetric{"f1", f1_of<Average::micro>, true},
      NamedMetric{"f1_micro", f1_of<Average::micro>},
      NamedMetric{"f1_macro", f1_of<Average::macro>, true},
      NamedMetric{"f1_weighted", f1_of<Average::weighted>},
      NamedMetric{"f1_samples", f1_of<Average::samples>},
      NamedMetric{"accuracy", [](In p) { return metrics::accuracy_score(p.label_matrix(), p.predicted_matrix()); },
                  true},
      NamedMetric{"precision", precision_of<Average::micro>},
      NamedMetric{"precision_micro", precision_of<Average::micro>},
      NamedMetric{"precision_macro", precision_of<Average::macro>},
      NamedMetric{"precision_weighted", precision_of<Average::weighted>},
      NamedMetric{"precision_samples", precision_of<Average::samples>},
      NamedMetric{"recall", recall_of<Average::micro>},
      NamedMetric{"recall_micro", recall_of<Average::micro>},
      NamedMetric{"recall_macro", recall_of<Average::macro>},
      NamedMetric{"recall_weighted", recall_of<Average::weighted>},
      NamedMetric{"recall_samples", recall_of<Average::samples>},
      NamedMetric{"roc_auc", roc_auc_of<Average::macro>},
      NamedMetric{"roc_auc_micro", roc_auc_of<Average::micro>},
      NamedMetric{"roc_auc_weighted", roc_auc_of<Average::weighted>},
      NamedMetric{"average_precision", average_precision_of<Average::macro>},
      NamedMetric{"average_precision_micro", average_precision_of<Average::micro>},
      NamedMetric{"average_precision_weighted", average_precision_of<Average::weighted>},
      NamedMetric{"log_loss", [](In p) { return metrics::log_loss(p.labels, p.scores); }, false, true},
      NamedMetric{"brier_score", [](In p) { return metrics::brier_score_loss(p.labels, p.scores); }, false, true},
      NamedMetric{"expected_calibration_error",
                  [](In p) { return metrics::expected_calibration_error(p.labels, p.scores); }, false, true}};
  return all;
}

/// A metric of labels and predictions; correlations of one row are NaN, so that an evaluation of one row is possible.
template <double (*metric)(const metrics::ScoreMatrix&, const metrics::ScoreMatrix&)>
double regression_metric(const LabelledPredictions& p) {
  if (metric == static_cast<decltype(metric)>(metrics::pearsonr) && p.value_matrix().rows() < 2)
    return std::numeric_limits<double>::quiet_NaN();
  return metric(p.value_matrix(), p.score_matrix());
}

inline std::span<const NamedMetric> regression_metrics() {
  static constexpr std::array all{NamedMetric{"mse", regression_metric<metrics::mean_squared_error>, true, true},
                                  NamedMetric{"mae", regression_metric<metrics::mean_absolute_error>, true, true},
                                  NamedMetric{"rmse", regression_metric<metrics::root_mean_squared_error>, false, true},
                                  NamedMetric{"r2", regression_metric<metrics::r2_score>, true},
                                  NamedMetric{"pearsonr", regression_metric<metrics::pearsonr>, true},
                                  NamedMetric{"spearmanr", regression_metric<metrics::spearmanr>, true}};
  return all;
}

inline std::span<const NamedMetric> metrics_of(ProblemType type) {
  switch (type) {
    case ProblemType::multi_label_classification: return multi_label_metrics();
    case ProblemType::regression: return regression_metrics();
    case ProblemType::single_label_classification: break;
  }
  return single_label_metrics();
}

inline const NamedMetric* find_metric(ProblemType type, std::string_view name) {
  const std::span<const NamedMetric> all = metrics_of(type);
  const auto found = std::find_if(all.begin(), all.end(), [name](const NamedMetric& m) { return m.name == name; });
  return found == all.end() ? nullptr : &*found;
}

/// "a, b or c".
inline std::string one_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : name == names.back() ? " or " : ", ") + name;
  return list;
}

/// The sentence about a metric that a problem does not have; empty if it has all of `names`.
inline std::string unknown_metric(std::string_view problem, const std::vector<std::string>& names,
                                  const std::vector<std::string>& known) {
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return str_cat("metrics: expected metrics of ", problem, ", which are ", one_of(known), ", got ", name);
  }
  return {};
}

}  // namespace detail

/// The names of all metrics of a kind of problem.
inline std::vector<std::string> metric_names(ProblemType type) {
  std::vector<std::string> names;
  for (const detail::NamedMetric& metric : detail::metrics_of(type)) names.emplace_back(metric.name);
  return names;
}

/// The names of those that are reported unless others are chosen.
inline std::vector<std::string> default_metric_names(ProblemType type) {
  std::vector<std::string> names;
  for (const detail::NamedMetric& metric : detail::metrics_of(type))
    if (metric.by_default) names.emplace_back(metric.name);
  return names;
}

/// Whether a metric of that name is an error, of which less is better; the Trainer takes that of a loss alone to be.
inline bool smaller_is_better(std::string_view name) {
  for (const ProblemType type : problem_types)
    if (const auto* metric = detail::find_metric(type, name); metric && metric->smaller_is_better) return true;
  return false;
}

/// A compute_metrics of the metrics `names`, in their order, or of those that fit the kind of problem if there are
/// none. Throws Error(invalid_argument) for a name that the kind of problem does not have; the function throws as
/// labelled_predictions and the metrics do.
inline ComputeMetrics problem_metrics(const DecisionOptions& options, std::vector<std::string> names = {}) {
  if (names.empty()) names = default_metric_names(options.problem_type);
  const std::string problem =
      detail::unknown_metric(to_string(options.problem_type), names, metric_names(options.problem_type));
  check(problem.empty(), ErrorCode::invalid_argument, problem);
  return [options, names = std::move(names)](const EvalPrediction& prediction) {
    const LabelledPredictions labelled = labelled_predictions(prediction, options);
    Metrics result;
    for (const std::string& name : names)
      result.emplace_back(name, detail::find_metric(options.problem_type, name)->value(labelled));
    return result;
  };
}

}  // namespace tl
