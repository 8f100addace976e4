// Metrics of decisions that scikit-learn computes from counts alone: accuracies, the confusion matrix, Matthews'
// correlation. Precision, recall and F scores are in precision_recall.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tl/metrics/precision_recall.hpp>

namespace tl::metrics {

/// Share of rows whose class is the predicted one; of several labels, of rows with all of them right.
/// Throws Error(shape) for different lengths or no row.
inline double accuracy_score(Classes labels, Classes predictions) {
  detail::check_rows("accuracy_score", labels.size(), predictions.size());
  std::int64_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == predictions[i];
  return static_cast<double>(right) / static_cast<double>(labels.size());
}
inline double accuracy_score(const LabelMatrix& labels, const LabelMatrix& predictions) {
  detail::check_matrices("accuracy_score", labels, predictions);
  std::int64_t right = 0;
  for (std::int64_t row = 0; row < labels.rows(); ++row)
    right += std::ranges::equal(labels.row(row), predictions.row(row));
  return static_cast<double>(right) / static_cast<double>(labels.rows());
}

/// How often a class of `labels` (row) was predicted as another (column).
struct ConfusionMatrix {
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> counts;  ///< [C, C]

  std::int64_t at(std::size_t label, std::size_t predicted) const { return counts[label * labels.size() + predicted]; }
};

/// Counts for the classes of `classes`, in their order, or for all that occur, in ascending order; rows with another
/// label or prediction do not count. Throws Error(shape), and Error(invalid_argument) if no class of `classes` is a
/// label.
inline ConfusionMatrix confusion_matrix(Classes labels, Classes predictions, std::vector<std::int64_t> classes = {}) {
  detail::check_rows("confusion_matrix", labels.size(), predictions.size());
  ConfusionMatrix matrix{classes.empty() ? detail::distinct(labels, predictions) : std::move(classes), {}};
  const std::vector<std::int64_t> sorted = detail::distinct(matrix.labels);
  check(sorted.size() == matrix.labels.size(), ErrorCode::invalid_argument,
        "confusion_matrix: expected each class once, got ", matrix.labels.size(), " of which ", sorted.size(),
        " differ");
  std::vector<std::size_t> place(sorted.size());
  for (std::size_t i = 0; i < matrix.labels.size(); ++i) place[detail::position(sorted, matrix.labels[i])] = i;
  const auto find = [&](std::int64_t label) {
    const std::size_t at = detail::position(sorted, label);
    return at < sorted.size() && sorted[at] == label ? place[at] : sorted.size();
  };
  matrix.counts.assign(sorted.size() * sorted.size(), 0);
  bool any = false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t label = find(labels[i]), predicted = find(predictions[i]);
    any = any || label < sorted.size();
    if (label < sorted.size() && predicted < sorted.size()) ++matrix.counts[label * sorted.size() + predicted];
  }
  check(any, ErrorCode::invalid_argument, "confusion_matrix: expected at least one of the classes among the labels");
  return matrix;
}

/// Mean over the classes that occur as label of the share of their rows that are right.
/// Throws Error(shape) for different lengths or no row.
inline double balanced_accuracy_score(Classes labels, Classes predictions) {
  detail::check_rows("balanced_accuracy_score", labels.size(), predictions.size());
  double total = 0.0;
  std::int64_t classes = 0;
  for (const ClassScores& c : class_scores(labels, predictions, {})) {
    if (c.support == 0) continue;
    total += c.scores.recall;
    ++classes;
  }
  return total / static_cast<double>(classes);
}

/// Matthews' correlation of labels and predictions, for any number of classes; 0 if one of the two is constant.
/// Throws Error(shape) for different lengths or no row.
inline double matthews_corrcoef(Classes labels, Classes predictions) {
  detail::check_rows("matthews_corrcoef", labels.size(), predictions.size());
  double right = 0.0, both = 0.0, predicted = 0.0, occurring = 0.0;
  for (const detail::Counts& c :
       detail::class_counts("matthews_corrcoef", labels, predictions, {.average = Average::macro})) {
    const auto p = static_cast<double>(c.predicted), o = static_cast<double>(c.occurring);
    right += static_cast<double>(c.hits);
    both += o * p;
    predicted += p * p;
    occurring += o * o;
  }
  const auto rows = static_cast<double>(labels.size());
  const double variances = (rows * rows - predicted) * (rows * rows - occurring);
  return variances == 0.0 ? 0.0 : (right * rows - both) / std::sqrt(variances);
}

}  // namespace tl::metrics
