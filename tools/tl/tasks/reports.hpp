// What --report shows of an evaluation: the scores of each class and the confusion matrix.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/metrics/report.hpp>
#include <tl/train/problem_metrics.hpp>

namespace program {

/// Tables for people, and the same numbers for eval_results.json: "classification_report", "confusion_matrix".
struct Report {
  std::string text;
  tl::Json values = tl::Json::object();
};

/// The report of classes [rows] with these names, or of several labels per row.
Report class_report(const tl::LabelledPredictions& labelled, const std::vector<std::string>& names);

/// The report of entities, and the confusion matrix of the tags of words.
Report tag_report(tl::metrics::TagSequences labels, tl::metrics::TagSequences predictions,
                  const std::vector<std::string>& names);

/// The reports of the last evaluation, one for each of its files.
class Reports {
 public:
  /// `metrics` that also keep the report of what they measure.
  tl::ComputeMetrics keep(tl::ComputeMetrics metrics, std::size_t files,
                          std::function<Report(const tl::EvalPrediction&)> report);

  /// All tables, each under the name of its file if there are several.
  std::string text(const std::vector<std::string>& files) const;
  std::vector<tl::Json> values() const;

 private:
  std::deque<Report> last_;
};

}  // namespace program
