// The metrics of tags by name, as problem_metrics.hpp has those of whole texts: seqeval's of entities, and the accuracy
// of words.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/metrics/tags.hpp>
#include <tl/train/problem_metrics.hpp>
#include <tl/train/tag_metrics.hpp>

namespace tl {

namespace detail {

/// What a name after "precision", "recall" or "f1" means.
struct TagAverage {
  std::string_view suffix;
  metrics::TagOptions options;
};

inline const std::array<TagAverage, 4>& tag_averages() {
  static const std::array<TagAverage, 4> all{{{"", {}},
                                              {"_macro", {.average = Average::macro}},
                                              {"_weighted", {.average = Average::weighted}},
                                              {"_strict", {.strict = true}}}};
  return all;
}

inline double tag_metric(std::string_view name, const TagPrediction& tags, metrics::Scheme scheme) {
  if (name == "accuracy") return metrics::accuracy_score(metrics::TagSequences(tags.labels), tags.predictions);
  for (const TagAverage& average : tag_averages()) {
    metrics::TagOptions options = average.options;
    options.scheme = scheme;
    for (const std::string_view kind : {"precision", "recall", "f1"}) {
      if (name != std::string(kind) + std::string(average.suffix)) continue;
      const auto scores = metrics::precision_recall_fscore("metrics", metrics::TagSequences(tags.labels),
                                                           metrics::TagSequences(tags.predictions), options);
      return kind == "f1" ? scores.f_score : kind == "recall" ? scores.recall : scores.precision;
    }
  }
  fail(ErrorCode::not_found, "metrics: there is none of tags that is called ", name);
}

}  // namespace detail

/// The names of all metrics of tags: those of entities, micro unless they say otherwise, and in seqeval's default mode
/// unless they are strict; and the accuracy of words. The first four are reported unless others are chosen.
inline std::vector<std::string> tag_metric_names() {
  std::vector<std::string> names{"precision", "recall", "f1", "accuracy"};
  for (const detail::TagAverage& average : detail::tag_averages())
    if (!average.suffix.empty())
      for (const char* kind : {"precision", "recall", "f1"}) names.push_back(kind + std::string(average.suffix));
  return names;
}

/// A compute_metrics of the metrics `names` of tags, in their order, or of precision, recall, f1 and accuracy; the
/// classes are called `labels`, whose letters are the scheme of the strict ones. Throws Error(invalid_argument) for a
/// name that tags do not have, and for strict ones if the letters make no scheme; the function throws as tag_prediction
/// does.
inline ComputeMetrics tag_metrics(std::vector<std::string> labels, std::vector<std::string> names = {}) {
  const std::vector<std::string> known = tag_metric_names();
  if (names.empty()) names.assign(known.begin(), known.begin() + 4);
  const std::string problem = detail::unknown_metric("tags", names, known);
  check(problem.empty(), ErrorCode::invalid_argument, problem);
  metrics::Scheme scheme{};
  if (std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with("_strict"); }))
    scheme = metrics::detect_scheme(metrics::TagSequences(&labels, 1));
  return [labels = std::move(labels), names = std::move(names), scheme](const EvalPrediction& prediction) {
    const TagPrediction tags = tag_prediction(prediction, labels);
    Metrics result;
    for (const std::string& name : names) result.emplace_back(name, detail::tag_metric(name, tags, scheme));
    return result;
  };
}

}  // namespace tl
