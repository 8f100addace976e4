// Metrics of probabilities: log loss and Brier score as scikit-learn computes them, and the expected calibration error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <tl/metrics/ranking.hpp>

namespace tl::metrics {

namespace detail {

inline void check_probabilities(const char* metric, std::span<const double> values, std::int64_t columns = 1) {
  const auto other = std::find_if(values.begin(), values.end(), [](double p) { return p < 0.0 || p > 1.0; });
  check(other == values.end(), ErrorCode::invalid_argument, metric, ": expected probabilities from 0 to 1, got ",
        other == values.end() ? 0.0 : *other, " in row ", (other - values.begin()) / columns);
}

/// -log p, with p no nearer to 0 and 1 than the precision of a double.
inline double negative_log(double p) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  return -std::log(std::clamp(p, eps, 1.0 - eps));
}

/// Rows by their confidence in equal bins: how far their mean is from the share of them that is right, weighted by
/// rows.
class CalibrationBins {
 public:
  explicit CalibrationBins(std::int64_t bins) : bins_(static_cast<std::size_t>(bins)) {}

  /// A confidence p belongs to bin i of n if i / n < p <= (i + 1) / n; 0 to the first one.
  void add(double confidence, bool right) {
    const auto count = static_cast<double>(bins_.size());
    const double above = std::ceil(confidence * count) - 1.0;
    Bin& bin = bins_[static_cast<std::size_t>(std::clamp(above, 0.0, count - 1.0))];
    bin.confidence += confidence;
    bin.right += right ? 1.0 : 0.0;
    rows_ += 1.0;
  }

  double error() const {
    double sum = 0.0;
    for (const Bin& bin : bins_) sum += std::abs(bin.right - bin.confidence);
    return sum / rows_;
  }

 private:
  struct Bin {
    double confidence = 0.0, right = 0.0;
  };
  std::vector<Bin> bins_;
  double rows_ = 0.0;
};

inline void check_bins(std::int64_t bins) {
  check(bins > 0, ErrorCode::invalid_argument, "expected_calibration_error: expected at least one bin, got ", bins);
}

}  // namespace detail

/// Mean of -log of the probability of a row's class, for the probabilities of class 1 and labels 0 and 1.
/// Throws Error(shape), Error(invalid_argument) for another label or no probability, and Error(numeric).
inline double log_loss(Classes labels, std::span<const double> probabilities) {
  detail::check_two_classes("log_loss", labels, probabilities);
  detail::check_probabilities("log_loss", probabilities);
  double sum = 0.0;
  for (std::size_t row = 0; row < labels.size(); ++row)
    sum += detail::negative_log(labels[row] == 1 ? probabilities[row] : 1.0 - probabilities[row]);
  return sum / static_cast<double>(labels.size());
}

/// Mean of -log of the probability of a row's class, of probabilities [rows, C].
/// Throws as the one for two classes does.
inline double log_loss(Classes labels, const ScoreMatrix& probabilities) {
  detail::check_classes("log_loss", labels, probabilities);
  detail::check_probabilities("log_loss", probabilities.values, probabilities.columns);
  double sum = 0.0;
  for (std::int64_t row = 0; row < probabilities.rows(); ++row)
    sum += detail::negative_log(probabilities.at(row, labels[static_cast<std::size_t>(row)]));
  return sum / static_cast<double>(labels.size());
}

/// Mean squared difference of the probability of class 1 and the label, 0 or 1.
/// Throws Error(shape), Error(invalid_argument) for another label or no probability, and Error(numeric).
inline double brier_score_loss(Classes labels, std::span<const double> probabilities) {
  detail::check_two_classes("brier_score_loss", labels, probabilities);
  detail::check_probabilities("brier_score_loss", probabilities);
  double sum = 0.0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const double difference = static_cast<double>(labels[row]) - probabilities[row];
    sum += difference * difference;
  }
  return sum / static_cast<double>(labels.size());
}

/// Mean over the rows of the sum over the classes of squared differences of probability and label; of two classes half
/// of it, which is the score of class 1 alone. Throws as the one for two classes does.
inline double brier_score_loss(Classes labels, const ScoreMatrix& probabilities) {
  detail::check_classes("brier_score_loss", labels, probabilities);
  detail::check_probabilities("brier_score_loss", probabilities.values, probabilities.columns);
  double sum = 0.0;
  for (std::int64_t row = 0; row < probabilities.rows(); ++row)
    for (std::int64_t c = 0; c < probabilities.columns; ++c) {
      const double expected = labels[static_cast<std::size_t>(row)] == c ? 1.0 : 0.0;
      const double difference = expected - probabilities.at(row, c);
      sum += difference * difference;
    }
  return (probabilities.columns < 3 ? 0.5 : 1.0) * sum / static_cast<double>(labels.size());
}

/// Expected calibration error of the predicted class of each row, whose confidence is the highest of its probabilities
/// [rows, C], in equal bins; the first class counts on a tie. Throws as log_loss does.
inline double expected_calibration_error(Classes labels, const ScoreMatrix& probabilities, std::int64_t bins = 15) {
  detail::check_bins(bins);
  detail::check_classes("expected_calibration_error", labels, probabilities);
  detail::check_probabilities("expected_calibration_error", probabilities.values, probabilities.columns);
  detail::CalibrationBins all(bins);
  for (std::int64_t row = 0; row < probabilities.rows(); ++row) {
    const std::span<const double> p = probabilities.row(row);
    const auto highest = std::max_element(p.begin(), p.end());
    all.add(*highest, highest - p.begin() == labels[static_cast<std::size_t>(row)]);
  }
  return all.error();
}

/// Expected calibration error of the probabilities of class 1: how far their mean in a bin is from the share of
/// labels 1. Throws as log_loss does.
inline double expected_calibration_error(Classes labels, std::span<const double> probabilities,
                                         std::int64_t bins = 15) {
  detail::check_bins(bins);
  detail::check_two_classes("expected_calibration_error", labels, probabilities);
  detail::check_probabilities("expected_calibration_error", probabilities);
  detail::CalibrationBins all(bins);
  for (std::size_t row = 0; row < labels.size(); ++row) all.add(probabilities[row], labels[row] == 1);
  return all.error();
}

}  // namespace tl::metrics
