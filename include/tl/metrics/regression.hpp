// Metrics of numbers: errors and R2 as scikit-learn computes them, Pearson's and Spearman's correlation as scipy does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <tl/core/sort.hpp>
#include <tl/metrics/matrix.hpp>

namespace tl::metrics {

using Values = std::span<const double>;

namespace detail {

inline void check_values(const char* metric, Values labels, Values predictions) {
  check_rows(metric, labels.size(), predictions.size());
  check_finite(metric, "labels", labels);
  check_finite(metric, "predictions", predictions);
}

inline double mean(Values values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Sum of the squares of the differences.
inline double squared_distance(Values a, Values b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// `values` less their mean, divided by the length of what is left.
inline std::vector<double> standardized(Values values) {
  std::vector<double> result(values.begin(), values.end());
  const double middle = mean(values);
  double largest = 0.0, sum = 0.0;
  for (double& value : result) largest = std::max(largest, std::abs(value -= middle));
  for (const double value : result) sum += (value / largest) * (value / largest);
  for (double& value : result) value /= largest * std::sqrt(sum);
  return result;
}

inline bool constant(Values values) {
  return std::all_of(values.begin(), values.end(), [&values](double value) { return value == values.front(); });
}

/// Correlation of at least two values each; NaN if one of the two is constant or holds NaN.
inline double correlation(Values a, Values b) {
  const auto unknown = [](double value) { return is_nan(value); };
  if (std::any_of(a.begin(), a.end(), unknown) || std::any_of(b.begin(), b.end(), unknown) || constant(a) ||
      constant(b))
    return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = standardized(a), y = standardized(b);
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return std::clamp(x.size() == 2 ? std::round(sum) : sum, -1.0, 1.0);
}

/// Ranks from 1; equal values share the mean of their ranks.
inline std::vector<double> ranks(Values values) {
  const auto value = [values](std::int64_t i) { return values[static_cast<std::size_t>(i)]; };
  const std::vector<std::int64_t> order =
      tl::detail::argsort(values.size(), [&value](std::int64_t a, std::int64_t b) { return value(a) < value(b); });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && value(order[end]) == value(order[begin])) ++end;
    const double rank = static_cast<double>(begin + 1 + end) / 2;
    for (std::size_t i = begin; i < end; ++i) result[static_cast<std::size_t>(order[i])] = rank;
  }
  return result;
}

/// The mean over the columns of a metric of one.
inline double mean_over_columns(const char* name, const ScoreMatrix& labels, const ScoreMatrix& predictions,
                                double (*metric)(Values, Values)) {
  check_matrix(name, "labels", labels);
  check_matrix(name, "predictions", predictions);
  check(labels.columns == predictions.columns && labels.values.size() == predictions.values.size(), ErrorCode::shape,
        name, ": expected predictions of the shape of the labels, [", labels.rows(), ", ", labels.columns, "], got [",
        predictions.rows(), ", ", predictions.columns, "]");
  double sum = 0.0;
  for (std::int64_t c = 0; c < labels.columns; ++c) sum += metric(labels.column(c), predictions.column(c));
  return sum / static_cast<double>(labels.columns);
}

}  // namespace detail

/// Mean of (label - prediction)^2. Throws Error(shape) for different lengths or no row, Error(numeric).
inline double mean_squared_error(Values labels, Values predictions) {
  detail::check_values("mean_squared_error", labels, predictions);
  return detail::squared_distance(labels, predictions) / static_cast<double>(labels.size());
}

/// Root of the mean squared error. Throws as mean_squared_error does.
inline double root_mean_squared_error(Values labels, Values predictions) {
  return std::sqrt(mean_squared_error(labels, predictions));
}

/// Mean of |label - prediction|. Throws as mean_squared_error does.
inline double mean_absolute_error(Values labels, Values predictions) {
  detail::check_values("mean_absolute_error", labels, predictions);
  double sum = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) sum += std::abs(labels[i] - predictions[i]);
  return sum / static_cast<double>(labels.size());
}

/// 1 - sum (label - prediction)^2 / sum (label - mean)^2; of constant labels 1 if all predictions are right, else 0;
/// NaN of one row. Throws as mean_squared_error does.
inline double r2_score(Values labels, Values predictions) {
  detail::check_values("r2_score", labels, predictions);
  if (labels.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> middle(labels.size(), detail::mean(labels));
  const double error = detail::squared_distance(labels, predictions);
  const double variance = detail::squared_distance(labels, middle);
  if (detail::constant(labels) || variance == 0.0) return error == 0.0 ? 1.0 : 0.0;
  return 1.0 - error / variance;
}

/// Pearson's correlation; NaN if one of the two is constant or holds NaN. Throws Error(shape) for different lengths or
/// less than two rows.
inline double pearsonr(Values labels, Values predictions) {
  detail::check_rows("pearsonr", labels.size(), predictions.size());
  check(labels.size() > 1, ErrorCode::shape, "pearsonr: expected at least two rows, got 1");
  return detail::correlation(labels, predictions);
}

/// Spearman's correlation: Pearson's of the ranks, in which equal values share their mean rank; NaN if one of the two
/// is constant, holds NaN, or of one row. Throws Error(shape) for different lengths or no row.
inline double spearmanr(Values labels, Values predictions) {
  detail::check_rows("spearmanr", labels.size(), predictions.size());
  const auto unknown = [](double value) { return detail::is_nan(value); };
  if (labels.size() < 2 || std::any_of(labels.begin(), labels.end(), unknown) ||
      std::any_of(predictions.begin(), predictions.end(), unknown))
    return std::numeric_limits<double>::quiet_NaN();
  return detail::correlation(detail::ranks(labels), detail::ranks(predictions));
}

/// The same of several outputs [rows, C]: the mean over the columns. Throw as those of one output do.
inline double mean_squared_error(const ScoreMatrix& labels, const ScoreMatrix& predictions) {
  return detail::mean_over_columns("mean_squared_error", labels, predictions, mean_squared_error);
}
inline double root_mean_squared_error(const ScoreMatrix& labels, const ScoreMatrix& predictions) {
  return detail::mean_over_columns("root_mean_squared_error", labels, predictions, root_mean_squared_error);
}
inline double mean_absolute_error(const ScoreMatrix& labels, const ScoreMatrix& predictions) {
  return detail::mean_over_columns("mean_absolute_error", labels, predictions, mean_absolute_error);
}
inline double r2_score(const ScoreMatrix& labels, const ScoreMatrix& predictions) {
  return detail::mean_over_columns("r2_score", labels, predictions, r2_score);
}
inline double pearsonr(const ScoreMatrix& labels, const ScoreMatrix& predictions) {
  return detail::mean_over_columns("pearsonr", labels, predictions, pearsonr);
}
inline double spearmanr(const ScoreMatrix& labels, const ScoreMatrix& predictions) {
  return detail::mean_over_columns("spearmanr", labels, predictions, spearmanr);
}

}  // namespace tl::metrics
