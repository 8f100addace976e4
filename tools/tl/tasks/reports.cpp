// What --report shows of an evaluation.
#include "tasks/reports.hpp"

#include <numeric>
#include <utility>

namespace program {

namespace {

/// As scikit-learn's and seqeval's report is with output_dict.
tl::Json report_values(const tl::metrics::ClassificationReport& report) {
  tl::Json values = tl::Json::object();
  const auto add = [&values](const tl::metrics::ReportRow& row) {
    values[row.name] = {{"precision", row.scores.precision},
                        {"recall", row.scores.recall},
                        {"f1-score", row.scores.f_score},
                        {"support", row.support}};
  };
  for (const auto& row : report.classes) add(row);
  if (report.accuracy) values["accuracy"] = *report.accuracy;
  for (const auto& row : report.averages) add(row);
  return values;
}

/// The confusion matrix of all classes that have a name.
tl::metrics::ConfusionMatrix confusion_of(tl::metrics::Classes labels, tl::metrics::Classes predictions,
                                          std::size_t classes) {
  std::vector<std::int64_t> ids(classes);
  std::iota(ids.begin(), ids.end(), std::int64_t{0});
  return tl::metrics::confusion_matrix(labels, predictions, std::move(ids));
}

void add_confusion(Report& report, const tl::metrics::ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  report.text += '\n' + tl::metrics::to_string(matrix, names);
  tl::Json rows = tl::Json::array();
  for (std::size_t label = 0; label < names.size(); ++label) {
    rows.push_back(tl::Json::array());
    for (std::size_t predicted = 0; predicted < names.size(); ++predicted)
      rows.back().push_back(matrix.at(label, predicted));
  }
  report.values["confusion_matrix"] = {{"labels", names}, {"counts", std::move(rows)}};
}

Report report_of(const tl::metrics::ClassificationReport& report) {
  return {tl::metrics::to_string(report), {{"classification_report", report_values(report)}}};
}

}  // namespace

Report class_report(const tl::LabelledPredictions& labelled, const std::vector<std::string>& names) {
  if (labelled.several())
    return report_of(tl::metrics::classification_report(labelled.label_matrix(), labelled.predicted_matrix(), names));
  const auto matrix = confusion_of(labelled.labels, labelled.predicted, names.size());
  Report report = report_of(
      tl::metrics::classification_report(labelled.labels, labelled.predicted, names, {.labels = matrix.labels}));
  add_confusion(report, matrix, names);
  return report;
}

Report tag_report(tl::metrics::TagSequences labels, tl::metrics::TagSequences predictions,
                  const std::vector<std::string>& names) {
  Report report = report_of(tl::metrics::classification_report(labels, predictions));
  const auto ids = [&names](tl::metrics::TagSequences sequences) {
    std::vector<std::int64_t> all;
    for (const auto& tags : sequences)
      for (const std::string& tag : tags) all.push_back(std::ranges::find(names, tag) - names.begin());
    return all;
  };
  add_confusion(report, confusion_of(ids(labels), ids(predictions), names.size()), names);
  return report;
}

tl::ComputeMetrics Reports::keep(tl::ComputeMetrics metrics, std::size_t files,
                                 std::function<Report(const tl::EvalPrediction&)> report) {
  return [this, files, metrics = std::move(metrics), report = std::move(report)](const tl::EvalPrediction& p) {
    tl::Metrics measured = metrics(p);
    last_.push_back(report(p));
    if (last_.size() > files) last_.pop_front();
    return measured;
  };
}

std::string Reports::text(const std::vector<std::string>& files) const {
  std::string all;
  for (std::size_t i = 0; i < last_.size(); ++i)
    all += '\n' + (files.size() > 1 ? files.at(i) + "\n\n" : "") + last_[i].text;
  return all;
}

std::vector<tl::Json> Reports::values() const {
  std::vector<tl::Json> all;
  for (const Report& report : last_) all.push_back(report.values);
  return all;
}

}  // namespace program
