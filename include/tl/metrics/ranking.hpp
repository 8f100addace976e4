// Metrics of how scores order the rows: the area under the ROC curve and average precision, as scikit-learn computes
// them. Rows with equal scores are one step of the curve.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <tl/core/sort.hpp>
#include <tl/metrics/precision_recall.hpp>

namespace tl::metrics {

/// ovr: each class against all others. ovo: the mean over all pairs of classes.
enum class MultiClass { ovr, ovo };

struct RocAucOptions {
  MultiClass multi_class = MultiClass::ovr;
  Average average =
      Average::macro;  ///< macro or weighted; for ovr and several labels micro; for several labels samples
};

namespace detail {

/// Calls step(positives, negatives) for each distinct score, from the highest down, with the counts of its rows.
template <class Step>
void for_each_threshold(std::span<const std::int64_t> labels, std::span<const double> scores, const Step& step) {
  const auto score = [scores](std::int64_t row) { return scores[static_cast<std::size_t>(row)]; };
  const std::vector<std::int64_t> order =
      tl::detail::argsort(scores.size(), [&score](std::int64_t a, std::int64_t b) { return score(a) > score(b); });
  std::int64_t positives = 0, negatives = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (labels[static_cast<std::size_t>(order[i])] == 1 ? positives : negatives) += 1;
    if (i + 1 < order.size() && score(order[i]) == score(order[i + 1])) continue;
    step(static_cast<double>(positives), static_cast<double>(negatives));
    positives = negatives = 0;
  }
}

/// Area under the ROC curve of labels 0 and 1; NaN if there is one kind only.
inline double binary_roc_auc(std::span<const std::int64_t> labels, std::span<const double> scores) {
  double positives = 0.0, negatives = 0.0, area = 0.0;
  for_each_threshold(labels, scores, [&](double p, double n) {
    area += n * (positives + p / 2);
    positives += p;
    negatives += n;
  });
  if (positives == 0.0 || negatives == 0.0) return std::numeric_limits<double>::quiet_NaN();
  return area / (positives * negatives);
}

/// Sum over the thresholds of precision times the growth of recall; 0 without a positive.
inline double binary_average_precision(std::span<const std::int64_t> labels, std::span<const double> scores) {
  double positives = 0.0, rows = 0.0, sum = 0.0;
  for_each_threshold(labels, scores, [&](double p, double n) {
    positives += p;
    rows += p + n;
    sum += p * (positives / rows);
  });
  return positives == 0.0 ? 0.0 : sum / positives;
}

using BinaryMetric = std::function<double(std::span<const std::int64_t>, std::span<const double>)>;

/// A metric of columns averaged. A column without a row of its class counts 0 in a weighted mean, whatever its score
/// is.
inline double column_average(const char* metric, const LabelMatrix& labels, const ScoreMatrix& scores, Average average,
                             const BinaryMetric& of) {
  check(average != Average::binary, ErrorCode::invalid_argument, metric,
        ": expected Average::macro, weighted, micro or samples, got binary");
  if (average == Average::micro) return of(labels.values, scores.values);
  double total = 0.0, weights = 0.0;
  const bool by_row = average == Average::samples;
  for (std::int64_t i = 0; i < (by_row ? labels.rows() : labels.columns); ++i) {
    const std::vector<std::int64_t> column = by_row ? std::vector<std::int64_t>{} : labels.column(i);
    const auto positives = static_cast<double>(std::count(column.begin(), column.end(), 1));
    const double weight = average == Average::weighted ? positives : 1.0;
    if (weight != 0.0) total += weight * (by_row ? of(labels.row(i), scores.row(i)) : of(column, scores.column(i)));
    weights += weight;
  }
  return weights == 0.0 ? 0.0 : total / weights;
}

/// The classes of single labels as a matrix of zeros and ones, [rows, classes].
inline std::vector<std::int64_t> one_hot(std::span<const std::int64_t> labels, std::int64_t classes) {
  std::vector<std::int64_t> matrix(labels.size() * static_cast<std::size_t>(classes), 0);
  for (std::size_t row = 0; row < labels.size(); ++row)
    matrix[row * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[row])] = 1;
  return matrix;
}

/// Area of class a against class b, over the rows of both.
inline double pair_auc(std::span<const std::int64_t> labels, const ScoreMatrix& scores, std::int64_t a,
                       std::int64_t b) {
  std::vector<std::int64_t> positive;
  std::vector<double> kept;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] != a && labels[row] != b) continue;
    positive.push_back(labels[row] == a);
    kept.push_back(scores.at(static_cast<std::int64_t>(row), a));
  }
  return binary_roc_auc(positive, kept);
}

/// Hand and Till's mean over the pairs of classes that occur.
inline double one_versus_one(std::span<const std::int64_t> labels, const ScoreMatrix& scores, bool weighted) {
  const std::vector<std::int64_t> present = distinct(labels);
  std::vector<double> pairs, prevalence;
  for (std::size_t i = 0; i < present.size(); ++i)
    for (std::size_t j = i + 1; j < present.size(); ++j) {
      const std::int64_t a = present[i], b = present[j];
      pairs.push_back((pair_auc(labels, scores, a, b) + pair_auc(labels, scores, b, a)) / 2);
      prevalence.push_back(weighted ? static_cast<double>(std::count(labels.begin(), labels.end(), a) +
                                                          std::count(labels.begin(), labels.end(), b))
                                    : 1.0);
    }
  return mean_of(pairs, prevalence);
}

inline void check_classes(const char* metric, std::span<const std::int64_t> labels, const ScoreMatrix& scores) {
  check_matrix(metric, "scores", scores);
  check_rows(metric, labels.size(), static_cast<std::size_t>(scores.rows()));
  check_class_ids(metric, labels, scores.columns);
  check_finite(metric, "scores", scores.values, scores.columns);
}

inline void check_columns(const char* metric, const LabelMatrix& labels, const ScoreMatrix& scores) {
  check_matrices(metric, labels, scores);
  check_binary(metric, "labels", labels.values, labels.columns);
  check_finite(metric, "scores", scores.values, scores.columns);
}

inline void check_two_classes(const char* metric, std::span<const std::int64_t> labels,
                              std::span<const double> scores) {
  check_rows(metric, labels.size(), scores.size());
  check_binary(metric, "labels", labels);
  check_finite(metric, "scores", scores);
}

}  // namespace detail

/// Area under the ROC curve of the scores of class 1 for labels 0 and 1; NaN if all labels are the same.
/// Throws Error(shape), Error(invalid_argument) for another label, and Error(numeric).
inline double roc_auc_score(Classes labels, std::span<const double> scores) {
  detail::check_two_classes("roc_auc_score", labels, scores);
  return detail::binary_roc_auc(labels, scores);
}

/// Mean area over the classes of probabilities [rows, C], whose rows sum to 1. With MultiClass::ovr a class without a
/// row makes it NaN, unless the mean is weighted or micro; with ovo it does not count. Throws as the one for two
/// classes does.
inline double roc_auc_score(Classes labels, const ScoreMatrix& probabilities, const RocAucOptions& options = {}) {
  detail::check_classes("roc_auc_score", labels, probabilities);
  for (std::int64_t row = 0; row < probabilities.rows(); ++row) {
    double sum = 0.0;
    for (const double p : probabilities.row(row)) sum += p;
    check(std::abs(sum - 1.0) <= 1e-8 + 1e-5 * std::abs(sum), ErrorCode::invalid_argument,
          "roc_auc_score: expected probabilities that sum to 1 over the classes, got ", sum, " in row ", row);
  }
  const bool ovo = options.multi_class == MultiClass::ovo;
  check(options.average == Average::macro || options.average == Average::weighted ||
            (options.average == Average::micro && !ovo),
        ErrorCode::invalid_argument, "roc_auc_score: expected Average::macro or weighted",
        ovo ? " for MultiClass::ovo" : " or micro for MultiClass::ovr");
  if (ovo) return detail::one_versus_one(labels, probabilities, options.average == Average::weighted);
  const std::vector<std::int64_t> matrix = detail::one_hot(labels, probabilities.columns);
  return detail::column_average("roc_auc_score", {matrix, probabilities.columns}, probabilities, options.average,
                                detail::binary_roc_auc);
}

/// Mean area over the columns of several labels; a column of one kind makes it NaN.
/// Throws as the one for two classes does.
inline double roc_auc_score(const LabelMatrix& labels, const ScoreMatrix& scores, const RocAucOptions& options = {}) {
  detail::check_columns("roc_auc_score", labels, scores);
  return detail::column_average("roc_auc_score", labels, scores, options.average, detail::binary_roc_auc);
}

/// Average precision of the scores of class 1 for labels 0 and 1; 0 if no label is 1.
/// Throws Error(shape), Error(invalid_argument) for another label, and Error(numeric).
inline double average_precision_score(Classes labels, std::span<const double> scores) {
  detail::check_two_classes("average_precision_score", labels, scores);
  return detail::binary_average_precision(labels, scores);
}

/// Mean average precision over the classes, each against all others; 0 for a class without a row.
/// Throws as the one for two classes does.
inline double average_precision_score(Classes labels, const ScoreMatrix& scores, Average average = Average::macro) {
  detail::check_classes("average_precision_score", labels, scores);
  const std::vector<std::int64_t> matrix = detail::one_hot(labels, scores.columns);
  return detail::column_average("average_precision_score", {matrix, scores.columns}, scores, average,
                                detail::binary_average_precision);
}

/// Mean average precision over the columns of several labels.
/// Throws as the one for two classes does.
inline double average_precision_score(const LabelMatrix& labels, const ScoreMatrix& scores,
                                      Average average = Average::macro) {
  detail::check_columns("average_precision_score", labels, scores);
  return detail::column_average("average_precision_score", labels, scores, average, detail::binary_average_precision);
}

}  // namespace tl::metrics
