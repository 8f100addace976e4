// What the metrics read: labels and scores of several columns as views, and the checks that all of them share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>

namespace tl::metrics {

/// A view of rows of `columns` values each, [rows, columns].
template <class T> struct Matrix {
  std::span<const T> values;
  std::int64_t columns;

  std::int64_t rows() const { return columns > 0 ? static_cast<std::int64_t>(values.size()) / columns : 0; }
  std::span<const T> row(std::int64_t r) const {
    return values.subspan(static_cast<std::size_t>(r * columns), static_cast<std::size_t>(columns));
  }
  T at(std::int64_t r, std::int64_t column) const { return values[static_cast<std::size_t>(r * columns + column)]; }

  /// A copy of one column, [rows].
  std::vector<T> column(std::int64_t c) const {
    std::vector<T> result(static_cast<std::size_t>(rows()));
    for (std::int64_t r = 0; r < rows(); ++r) result[static_cast<std::size_t>(r)] = at(r, c);
    return result;
  }
};

/// Labels of a multi-label problem: 1 where a row has the class of the column, else 0.
using LabelMatrix = Matrix<std::int64_t>;

/// Scores or probabilities, one column for each class; or the values of a regression with several outputs.
using ScoreMatrix = Matrix<double>;

namespace detail {

using tl::detail::is_finite;
using tl::detail::is_nan;

/// Throws Error(shape) unless there are as many predictions as labels, and at least one.
inline void check_rows(const char* metric, std::size_t labels, std::size_t predictions) {
  check(labels == predictions, ErrorCode::shape, metric, ": expected as many predictions as labels, got ", predictions,
        " and ", labels);
  check(labels > 0, ErrorCode::shape, metric, ": expected at least one row, got none");
}

/// Throws Error(shape) unless `matrix` is [rows, columns] with at least one of each.
template <class T> void check_matrix(const char* metric, std::string_view what, const Matrix<T>& matrix) {
  check(matrix.columns > 0 && matrix.values.size() % static_cast<std::size_t>(matrix.columns) == 0, ErrorCode::shape,
        metric, ": expected ", what, " in rows of ", matrix.columns, " columns, got ", matrix.values.size(), " values");
  check(!matrix.values.empty(), ErrorCode::shape, metric, ": expected at least one row, got none");
}

/// Throws Error(shape) unless both are [rows, columns] of the same size.
template <class T> void check_matrices(const char* metric, const LabelMatrix& labels, const Matrix<T>& predictions) {
  check_matrix(metric, "labels", labels);
  check_matrix(metric, "predictions", predictions);
  check(labels.columns == predictions.columns && labels.values.size() == predictions.values.size(), ErrorCode::shape,
        metric, ": expected predictions of the shape of the labels, [", labels.rows(), ", ", labels.columns, "], got [",
        predictions.rows(), ", ", predictions.columns, "]");
}

/// Throws Error(invalid_argument) naming the first value that is neither 0 nor 1.
inline void check_binary(const char* metric, std::string_view what, std::span<const std::int64_t> values,
                         std::int64_t columns = 1) {
  const auto other = std::find_if(values.begin(), values.end(), [](std::int64_t v) { return v != 0 && v != 1; });
  check(other == values.end(), ErrorCode::invalid_argument, metric, ": expected ", what, " 0 or 1, got ",
        other == values.end() ? 0 : *other, " in row ", (other - values.begin()) / columns);
}

/// Throws Error(invalid_argument) naming the first label that is no column of scores [rows, classes].
inline void check_class_ids(const char* metric, std::span<const std::int64_t> labels, std::int64_t classes) {
  const auto other =
      std::find_if(labels.begin(), labels.end(), [classes](std::int64_t c) { return c < 0 || c >= classes; });
  check(other == labels.end(), ErrorCode::invalid_argument, metric, ": expected labels from 0 to ", classes - 1,
        ", got ", other == labels.end() ? 0 : *other, " in row ", other - labels.begin());
}

/// Throws Error(numeric) naming the first value that is NaN or infinite.
inline void check_finite(const char* metric, std::string_view what, std::span<const double> values,
                         std::int64_t columns = 1) {
  const auto other = std::find_if(values.begin(), values.end(), [](double v) { return !is_finite(v); });
  check(other == values.end(), ErrorCode::numeric, metric, ": expected finite ", what, ", got ",
        other == values.end() ? 0.0 : *other, " in row ", (other - values.begin()) / columns);
}

/// The distinct values of both, in ascending order.
inline std::vector<std::int64_t> distinct(std::span<const std::int64_t> a, std::span<const std::int64_t> b = {}) {
  std::vector<std::int64_t> values(a.begin(), a.end());
  values.insert(values.end(), b.begin(), b.end());
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// Where `value` is in the ascending `values`, which hold it.
inline std::size_t position(const std::vector<std::int64_t>& values, std::int64_t value) {
  return static_cast<std::size_t>(std::lower_bound(values.begin(), values.end(), value) - values.begin());
}

}  // namespace detail

}  // namespace tl::metrics
