// Fitting a calibration to the predictions of an evaluation: the temperature that minimises the log loss, then the
// thresholds that maximise macro F1. The rows should not be those of the training, whose logits are too sure of
// themselves.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/models/calibration.hpp>
#include <tl/train/metrics.hpp>

namespace tl {

/// A calibration and what it brings on the rows that it was fitted to.
struct FittedCalibration {
  Calibration calibration{};
  std::int64_t rows = 0;  ///< those with labels
  double log_loss_before = 0.0, log_loss_after = 0.0;
  double macro_f1_before = 0.0, macro_f1_after = 0.0;
};

namespace detail {

/// Logits of rows with their classes, or with 0 or 1 for each class.
struct CalibrationRows {
  std::int64_t classes = 0;
  bool several_labels = false;
  std::vector<double> logits{};        // [rows, C]
  std::vector<std::int64_t> labels{};  // [rows], or [rows, C] of several labels

  std::int64_t size() const { return static_cast<std::int64_t>(logits.size()) / classes; }
  std::span<const double> row(std::int64_t r) const {
    return std::span(logits).subspan(static_cast<std::size_t>(r * classes), static_cast<std::size_t>(classes));
  }
  bool has(std::int64_t r, std::int64_t c) const {
    return several_labels ? labels[static_cast<std::size_t>(r * classes + c)] != 0
                          : labels[static_cast<std::size_t>(r)] == c;
  }
};

inline CalibrationRows calibration_rows(const EvalPrediction& p, std::string_view problem_type) {
  const bool single = problem_type == "single_label_classification";
  check(single || problem_type == "multi_label_classification", ErrorCode::invalid_argument,
        "fit_calibration: expected single_label_classification or multi_label_classification, got ", problem_type);
  check(p.predictions.rank() == 2 && p.predictions.size(1) > (single ? 1 : 0) && p.offsets.empty(), ErrorCode::shape,
        "fit_calibration: expected logits of texts [rows, C]", single ? ", C at least 2" : "", ", got ", p.predictions);
  const std::int64_t count = p.predictions.size(0);
  CalibrationRows rows{.classes = p.predictions.size(1), .several_labels = !single};
  check(single ? p.label_ids.defined() && p.label_ids.elements() == count
               : p.label_values.defined() && p.label_values.shape() == p.predictions.shape(),
        ErrorCode::invalid_argument, "fit_calibration: expected a label of each of the ", count, " rows");
  for (std::int64_t r = 0; r < count; ++r) {
    if (single && p.label_ids.data()[r] == -100) continue;
    for (std::int64_t c = 0; c < rows.classes; ++c) {
      const float logit = p.predictions.at({r, c});
      check(is_finite(logit), ErrorCode::numeric, "fit_calibration: expected finite logits, got ",
            is_nan(logit) ? "nan" : "inf", " in row ", r);
      rows.logits.push_back(static_cast<double>(logit));
      if (!single) rows.labels.push_back(p.label_values.at({r, c}) > 0.5F);
    }
    if (single) rows.labels.push_back(p.label_ids.data()[r]);
  }
  check(rows.size() > 0, ErrorCode::invalid_argument, "fit_calibration: expected rows with labels, got none");
  return rows;
}

/// log(1 + exp(x)).
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// What logits that are multiplied by `scale` give: the mean log loss, and its derivative by `scale`. It is convex.
inline std::pair<double, double> log_loss_at(const CalibrationRows& rows, double scale) {
  double loss = 0.0, slope = 0.0;
  for (std::int64_t r = 0; r < rows.size(); ++r) {
    const std::span<const double> z = rows.row(r);
    if (rows.several_labels) {
      for (std::int64_t c = 0; c < rows.classes; ++c) {
        const double value = z[static_cast<std::size_t>(c)], x = value * scale, wanted = rows.has(r, c) ? 1.0 : 0.0;
        loss += softplus(x) - wanted * x;
        slope += (1.0 / (1.0 + std::exp(-x)) - wanted) * value;
      }
      continue;
    }
    const double largest = *std::max_element(z.begin(), z.end());
    double total = 0.0, weighted = 0.0;
    for (const double value : z) {
      const double e = std::exp((value - largest) * scale);
      total += e;
      weighted += e * value;
    }
    const double own = z[static_cast<std::size_t>(rows.labels[static_cast<std::size_t>(r)])];
    loss += std::log(total) + (largest - own) * scale;
    slope += weighted / total - own;
  }
  const double terms = static_cast<double>(rows.several_labels ? rows.size() * rows.classes : rows.size());
  return {loss / terms, slope / terms};
}

/// The temperature in [1/20, 20] with the least log loss; a classifier that is always right would have none otherwise.
inline double best_temperature(const CalibrationRows& rows) {
  double low = 1.0 / 20.0, high = 20.0;  // of 1 / temperature
  for (int i = 0; i < 100 && high / low > 1.0 + 1e-12; ++i) {
    const double middle = std::sqrt(low * high);
    (log_loss_at(rows, middle).second < 0.0 ? low : high) = middle;
  }
  const double scale = std::sqrt(low * high);
  return log_loss_at(rows, scale).first < log_loss_at(rows, 1.0).first ? 1.0 / scale : 1.0;
}

/// Probabilities [rows, C] as floats, as a pipeline computes them.
inline std::vector<float> probabilities(const CalibrationRows& rows, double temperature) {
  std::vector<float> result;
  for (std::int64_t r = 0; r < rows.size(); ++r) {
    const std::span<const double> z = rows.row(r);
    const double largest = *std::max_element(z.begin(), z.end());
    double total = 0.0;
    for (const double value : z) total += std::exp((value - largest) / temperature);
    for (const double value : z)
      result.push_back(static_cast<float>(rows.several_labels ? 1.0 / (1.0 + std::exp(-value / temperature))
                                                              : std::exp((value - largest) / temperature) / total));
  }
  return result;
}

/// True and false positives and false negatives of a class.
struct ClassCounts {
  std::int64_t hits = 0, wrong = 0, missed = 0;

  double f1() const {
    const std::int64_t sum = 2 * hits + wrong + missed;
    return sum == 0 ? 0.0 : 2.0 * static_cast<double>(hits) / static_cast<double>(sum);
  }
};

/// The threshold of one class of several with the highest F1: of equal ones, that closest to 0.5.
inline double best_threshold(std::vector<std::pair<float, bool>> scored) {  // probability, whether it is a label
  std::sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto labels = std::count_if(scored.begin(), scored.end(), [](const auto& one) { return one.second; });
  if (labels == 0) return 0.5;
  const auto at = [&](double threshold) {
    ClassCounts counts{.missed = labels};
    for (const auto& [probability, is_label] : scored) {
      if (!(static_cast<double>(probability) > threshold)) break;
      is_label ? (++counts.hits, --counts.missed) : ++counts.wrong;
    }
    return counts.f1();
  };
  double best = at(0.5), threshold = 0.5;
  ClassCounts counts{.missed = labels};
  for (std::size_t i = 0; i < scored.size(); ++i) {
    scored[i].second ? (++counts.hits, --counts.missed) : ++counts.wrong;
    const double here = static_cast<double>(scored[i].first);
    const double next = i + 1 < scored.size() ? static_cast<double>(scored[i + 1].first) : 0.0;
    if (next == here) continue;
    const double between = (here + next) / 2;
    const bool closer = std::abs(between - 0.5) < std::abs(threshold - 0.5);
    if (counts.f1() > best || (counts.f1() == best && threshold != 0.5 && closer)) {
      best = counts.f1();
      threshold = between;
    }
  }
  return threshold;
}

/// Decisions over the rows with one label each, and the thresholds they follow from, improved class by class.
class ThresholdSearch {
 public:
  ThresholdSearch(const CalibrationRows& rows, const std::vector<float>& probabilities)
      : rows_(rows),
        probabilities_(probabilities),
        thresholds_(static_cast<std::size_t>(rows.classes), 1.0),
        counts_(thresholds_.size()) {
    occurs_.resize(thresholds_.size());
    for (const std::int64_t label : rows.labels) occurs_[static_cast<std::size_t>(label)] = true;
  }

  /// Improves the threshold of each class in turn until none improves. They add up to 1; empty if the equal ones are
  /// best.
  std::vector<double> best() {
    bool changed = false;
    for (int pass = 0; pass < 20; ++pass) {
      bool improved = false;
      for (std::size_t c = 0; c < thresholds_.size(); ++c) improved = improve(c) || improved;
      changed = changed || improved;
      if (!improved) break;
    }
    if (!changed) return {};
    const double sum = std::accumulate(thresholds_.begin(), thresholds_.end(), 0.0);
    std::vector<double> result = thresholds_;
    for (double& threshold : result) threshold /= sum;
    return result;
  }

 private:
  /// Where a row would go without class c, and the threshold of c below which it goes there.
  struct Candidate {
    double limit;
    std::size_t other, label;
  };

  float probability(std::int64_t row, std::size_t c) const {
    return probabilities_[static_cast<std::size_t>(row * rows_.classes) + c];
  }

  /// Finds the threshold of class c with the highest sum of F1, given the others. True if it is higher than before.
  bool improve(std::size_t c) {
    std::vector<Candidate> candidates = candidates_without(c);
    std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.limit > b.limit; });
    double sum = 0.0;
    for (std::size_t k = 0; k < counts_.size(); ++k) sum += f1(k);
    double best = -1.0, threshold = thresholds_[c], now = -1.0;
    for (std::size_t i = 0; i <= candidates.size(); ++i) {
      // With i rows moved to class c, any threshold between two limits does the same.
      const double above = i == 0 ? most : std::min(candidates[i - 1].limit, most);
      const double below = i == candidates.size() ? least : std::max(candidates[i].limit, least);
      if (below < above) {
        if (thresholds_[c] >= below && thresholds_[c] < above) now = sum;
        if (sum > best + 1e-12) {
          best = sum;
          threshold = std::sqrt(above * below);
        }
      }
      if (i == candidates.size()) break;
      sum += moved(candidates[i], c);
    }
    if (!(best > now + 1e-12)) return false;
    thresholds_[c] = threshold;
    return true;
  }

  /// The rows as they are decided among the classes other than c, counted.
  std::vector<Candidate> candidates_without(std::size_t c) {
    counts_.assign(counts_.size(), {});
    std::vector<Candidate> candidates;
    for (std::int64_t row = 0; row < rows_.size(); ++row) {
      std::size_t other = c == 0 ? 1 : 0;
      const auto value = [&](std::size_t k) { return static_cast<double>(probability(row, k)) / thresholds_[k]; };
      for (std::size_t k = 0; k < thresholds_.size(); ++k)
        if (k != c && value(k) > value(other)) other = k;
      const auto label = static_cast<std::size_t>(rows_.labels[static_cast<std::size_t>(row)]);
      const double rest = std::max(value(other), 1e-300);
      candidates.push_back({static_cast<double>(probability(row, c)) / rest, other, label});
      if (label == other) ++counts_[other].hits;
      else ++counts_[other].wrong, ++counts_[label].missed;
    }
    return candidates;
  }

  /// Moves a row from the other class to c; returns by how much the sum of F1 grows.
  double moved(const Candidate& row, std::size_t c) {
    const double before = f1(c) + f1(row.other);
    if (row.label == row.other) --counts_[row.other].hits, ++counts_[row.other].missed;
    else --counts_[row.other].wrong;
    if (row.label == c) ++counts_[c].hits, --counts_[c].missed;
    else ++counts_[c].wrong;
    return f1(c) + f1(row.other) - before;
  }

  /// Of the classes that occur: predicting one that does not would change the mean's denominator.
  double f1(std::size_t c) const { return occurs_[c] ? counts_[c].f1() : 0.0; }

  static constexpr double least = 0.01, most = 100.0;  // of a threshold, relative to the others

  const CalibrationRows& rows_;
  const std::vector<float>& probabilities_;
  std::vector<double> thresholds_;
  std::vector<ClassCounts> counts_;
  std::vector<bool> occurs_;
};

/// The mean F1 of the classes that are a label or a prediction of some row.
inline double macro_f1(const CalibrationRows& rows, const std::vector<float>& probabilities,
                       const std::vector<double>& thresholds) {
  std::vector<ClassCounts> counts(static_cast<std::size_t>(rows.classes));
  for (std::int64_t r = 0; r < rows.size(); ++r) {
    const std::span<const float> p =
        std::span(probabilities).subspan(static_cast<std::size_t>(r * rows.classes), counts.size());
    const std::int64_t decided = rows.several_labels ? -1 : decided_class(p, thresholds);
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const bool predicted =
          rows.several_labels ? decides(p[c], c, thresholds) : decided == static_cast<std::int64_t>(c);
      const bool label = rows.has(r, static_cast<std::int64_t>(c));
      counts[c].hits += predicted && label;
      counts[c].wrong += predicted && !label;
      counts[c].missed += !predicted && label;
    }
  }
  double sum = 0.0, present = 0.0;
  for (const ClassCounts& one : counts) {
    if (!rows.several_labels && one.hits + one.wrong + one.missed == 0) continue;
    sum += one.f1();
    present += 1.0;
  }
  return present > 0 ? sum / present : 0.0;
}

inline std::vector<double> best_thresholds(const CalibrationRows& rows, const std::vector<float>& probabilities) {
  if (!rows.several_labels) return ThresholdSearch(rows, probabilities).best();
  std::vector<double> thresholds;
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    std::vector<std::pair<float, bool>> scored;
    for (std::int64_t r = 0; r < rows.size(); ++r)
      scored.emplace_back(probabilities[static_cast<std::size_t>(r * rows.classes + c)], rows.has(r, c));
    thresholds.push_back(best_threshold(std::move(scored)));
  }
  return thresholds;
}

}  // namespace detail

/// The temperature with the least log loss over `prediction`, and the thresholds with the highest macro F1 of its
/// probabilities: of several labels per text each class for itself, of one label class by class until none improves.
/// Throws Error(invalid_argument) for another problem_type than the two of classification, and without labels,
/// Error(shape) for logits that are not those of texts, Error(numeric) for logits that are not finite.
inline FittedCalibration fit_calibration(const EvalPrediction& prediction, std::string_view problem_type) {
  const detail::CalibrationRows rows = detail::calibration_rows(prediction, problem_type);
  FittedCalibration fitted{.rows = rows.size()};
  Calibration& calibration = fitted.calibration;
  calibration.temperature = detail::best_temperature(rows);
  fitted.log_loss_before = detail::log_loss_at(rows, 1.0).first;
  fitted.log_loss_after = detail::log_loss_at(rows, 1.0 / calibration.temperature).first;
  const std::vector<float> probabilities = detail::probabilities(rows, calibration.temperature);
  fitted.macro_f1_before = detail::macro_f1(rows, probabilities, {});
  calibration.thresholds = detail::best_thresholds(rows, probabilities);
  fitted.macro_f1_after = detail::macro_f1(rows, probabilities, calibration.thresholds);
  return fitted;
}

}  // namespace tl
