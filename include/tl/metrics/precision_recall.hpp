// Precision, recall and F scores of scikit-learn, over the classes of single labels or the columns of several: per
// class and averaged. A ratio without a denominator (a class that is never predicted, or has no row) counts as
// zero_division; where that is NaN, it does not take part in an average.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <tl/metrics/matrix.hpp>

namespace tl::metrics {

/// binary: of the class pos_label alone. micro: of all decisions together. macro: the mean over the classes. weighted:
/// the mean weighted by how many rows have the class. samples: the mean over the rows of a multi-label problem.
enum class Average { binary, micro, macro, weighted, samples };

struct PrecisionRecallOptions {
  Average average = Average::binary;
  std::vector<std::int64_t> labels{};  ///< the classes that count, in their order; empty: all that occur
  std::int64_t pos_label = 1;          ///< of Average::binary
  double zero_division = 0.0;          ///< 0, 1 or NaN
  double beta = 1.0;                   ///< how much recall counts in the F score
};

struct PrecisionRecallFScore {
  double precision = 0.0, recall = 0.0, f_score = 0.0;
};

/// Scores of one class, and how many rows have it as label.
struct ClassScores {
  std::int64_t label = 0;
  PrecisionRecallFScore scores{};
  std::int64_t support = 0;
};

namespace detail {

/// Decisions about one class, one row, or all of them.
struct Counts {
  std::int64_t label = 0;
  std::int64_t hits = 0, predicted = 0, occurring = 0;
};

inline double divide(double numerator, double denominator, double zero_division) {
  return denominator == 0.0 ? zero_division : numerator / denominator;
}

inline PrecisionRecallFScore scores_of(const Counts& c, const PrecisionRecallOptions& options) {
  const auto hits = static_cast<double>(c.hits), predicted = static_cast<double>(c.predicted),
             occurring = static_cast<double>(c.occurring);
  const double weight = options.beta * options.beta, zero = options.zero_division;
  const double precision = divide(hits, predicted, zero), recall = divide(hits, occurring, zero);
  if (options.beta == 0.0) return {precision, recall, precision};
  if (!is_finite(options.beta)) return {precision, recall, recall};
  return {precision, recall, divide((1.0 + weight) * hits, weight * occurring + predicted, zero)};
}

inline void check_options(const char* metric, const PrecisionRecallOptions& options) {
  check(options.zero_division == 0.0 || options.zero_division == 1.0 || is_nan(options.zero_division),
        ErrorCode::invalid_argument, metric, ": expected zero_division 0, 1 or NaN, got ", options.zero_division);
  check(options.beta >= 0.0, ErrorCode::invalid_argument, metric, ": expected a beta of at least 0, got ",
        options.beta);
}

/// The classes whose scores count, checked.
inline std::vector<std::int64_t> counted_classes(const char* metric, const std::vector<std::int64_t>& present,
                                                 const PrecisionRecallOptions& options) {
  check_options(metric, options);
  check(options.average != Average::samples, ErrorCode::invalid_argument, metric,
        ": Average::samples is for several labels per row, a LabelMatrix; got one label per row");
  if (options.average != Average::binary) return options.labels.empty() ? present : options.labels;
  check(present.size() <= 2, ErrorCode::invalid_argument, metric, ": expected two classes for Average::binary, got ",
        present.size(), "; use Average::micro, macro or weighted");
  check(present.size() < 2 || options.pos_label == present[0] || options.pos_label == present[1],
        ErrorCode::invalid_argument, metric, ": expected a pos_label that occurs, one of ", present.front(), " and ",
        present.back(), ", got ", options.pos_label);
  return {options.pos_label};
}

/// Counts of each class that counts, of single labels.
inline std::vector<Counts> class_counts(const char* metric, std::span<const std::int64_t> labels,
                                        std::span<const std::int64_t> predictions,
                                        const PrecisionRecallOptions& options) {
  check_rows(metric, labels.size(), predictions.size());
  const std::vector<std::int64_t> present = distinct(labels, predictions);
  std::vector<Counts> all(present.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    Counts& label = all[position(present, labels[row])];
    ++label.occurring;
    label.hits += labels[row] == predictions[row];
    ++all[position(present, predictions[row])].predicted;
  }
  std::vector<Counts> counted;
  for (const std::int64_t c : counted_classes(metric, present, options)) {
    const std::size_t at = position(present, c);
    counted.push_back(at < present.size() && present[at] == c ? all[at] : Counts{});
    counted.back().label = c;
  }
  return counted;
}

/// The columns that count, checked.
inline std::vector<std::int64_t> counted_columns(const char* metric, std::int64_t columns,
                                                 const PrecisionRecallOptions& options) {
  check_options(metric, options);
  check(options.average != Average::binary, ErrorCode::invalid_argument, metric,
        ": Average::binary is for one label per row; use Average::micro, macro, weighted or samples");
  if (!options.labels.empty()) {
    check_class_ids(metric, options.labels, columns);
    return options.labels;
  }
  std::vector<std::int64_t> all(static_cast<std::size_t>(columns));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

/// Counts of each column that counts, or of each row for Average::samples, of several labels.
inline std::vector<Counts> class_counts(const char* metric, const LabelMatrix& labels, const LabelMatrix& predictions,
                                        const PrecisionRecallOptions& options) {
  check_matrices(metric, labels, predictions);
  check_binary(metric, "labels", labels.values, labels.columns);
  check_binary(metric, "predictions", predictions.values, labels.columns);
  const std::vector<std::int64_t> columns = counted_columns(metric, labels.columns, options);
  const bool by_row = options.average == Average::samples;
  std::vector<Counts> counts(by_row ? static_cast<std::size_t>(labels.rows()) : columns.size());
  for (std::int64_t row = 0; row < labels.rows(); ++row)
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Counts& c = counts[by_row ? static_cast<std::size_t>(row) : i];
      const std::int64_t label = labels.at(row, columns[i]), predicted = predictions.at(row, columns[i]);
      if (!by_row) c.label = columns[i];
      c.occurring += label;
      c.predicted += predicted;
      c.hits += label & predicted;
    }
  return counts;
}

/// The mean of the values that are not NaN, weighted unless all weights of them are 0.
inline double mean_of(std::span<const double> values, std::span<const double> weights) {
  double total = 0.0, weight = 0.0, plain = 0.0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_nan(values[i])) continue;
    const double w = weights.empty() ? 1.0 : weights[i];
    total += w * values[i];
    weight += w;
    plain += values[i];
    ++count;
  }
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  return weight == 0.0 ? plain / static_cast<double>(count) : total / weight;
}

inline PrecisionRecallFScore averaged(const std::vector<Counts>& counts, const PrecisionRecallOptions& options) {
  if (options.average == Average::micro) {
    Counts sum;
    for (const Counts& c : counts) {
      sum.hits += c.hits;
      sum.predicted += c.predicted;
      sum.occurring += c.occurring;
    }
    return scores_of(sum, options);
  }
  std::vector<double> precision, recall, f_score, weights;
  for (const Counts& c : counts) {
    const PrecisionRecallFScore scores = scores_of(c, options);
    precision.push_back(scores.precision);
    recall.push_back(scores.recall);
    f_score.push_back(scores.f_score);
    if (options.average == Average::weighted) weights.push_back(static_cast<double>(c.occurring));
  }
  return {mean_of(precision, weights), mean_of(recall, weights), mean_of(f_score, weights)};
}

}  // namespace detail

/// Precision, recall and F score of classes [rows] or of 0/1 matrices [rows, C], averaged as `options.average` says.
/// Throws Error(shape), and Error(invalid_argument) for an average that the kind of labels does not have.
template <class Labels>
PrecisionRecallFScore precision_recall_fscore(const char* metric, const Labels& labels, const Labels& predictions,
                                              const PrecisionRecallOptions& options) {
  return detail::averaged(detail::class_counts(metric, labels, predictions, options), options);
}

using Classes = std::span<const std::int64_t>;

/// tp / (tp + fp); throws as precision_recall_fscore does.
inline double precision_score(Classes labels, Classes predictions, const PrecisionRecallOptions& options = {}) {
  return precision_recall_fscore("precision_score", labels, predictions, options).precision;
}
inline double precision_score(const LabelMatrix& labels, const LabelMatrix& predictions,
                              const PrecisionRecallOptions& options) {
  return precision_recall_fscore("precision_score", labels, predictions, options).precision;
}

/// tp / (tp + fn); throws as precision_recall_fscore does.
inline double recall_score(Classes labels, Classes predictions, const PrecisionRecallOptions& options = {}) {
  return precision_recall_fscore("recall_score", labels, predictions, options).recall;
}
inline double recall_score(const LabelMatrix& labels, const LabelMatrix& predictions,
                           const PrecisionRecallOptions& options) {
  return precision_recall_fscore("recall_score", labels, predictions, options).recall;
}

/// (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp); throws as precision_recall_fscore does.
inline double fbeta_score(Classes labels, Classes predictions, const PrecisionRecallOptions& options = {}) {
  return precision_recall_fscore("fbeta_score", labels, predictions, options).f_score;
}
inline double fbeta_score(const LabelMatrix& labels, const LabelMatrix& predictions,
                          const PrecisionRecallOptions& options) {
  return precision_recall_fscore("fbeta_score", labels, predictions, options).f_score;
}

/// 2 tp / (2 tp + fn + fp); throws as precision_recall_fscore does.
inline double f1_score(Classes labels, Classes predictions, const PrecisionRecallOptions& options = {}) {
  return precision_recall_fscore("f1_score", labels, predictions, options).f_score;
}
inline double f1_score(const LabelMatrix& labels, const LabelMatrix& predictions,
                       const PrecisionRecallOptions& options) {
  return precision_recall_fscore("f1_score", labels, predictions, options).f_score;
}

/// The scores of each class of `options.labels`, else of each that occurs, or of each column; the average does not
/// count.
template <class Labels>
std::vector<ClassScores> class_scores(const Labels& labels, const Labels& predictions, PrecisionRecallOptions options) {
  options.average = Average::macro;
  std::vector<ClassScores> all;
  for (const detail::Counts& c : detail::class_counts("class_scores", labels, predictions, options))
    all.push_back({c.label, detail::scores_of(c, options), c.occurring});
  return all;
}

}  // namespace tl::metrics
