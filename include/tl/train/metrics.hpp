// What an evaluation hands to compute_metrics, and the metrics that most classifiers report.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/metrics/classification.hpp>

namespace tl {

/// Names and values, in the order they are reported: {{"accuracy", 0.8}, {"f1", 0.7}}.
using Metrics = std::vector<std::pair<std::string, double>>;

/// All predictions of an evaluation, on the CPU, in the order in which the rows were visited (the data set's).
struct EvalPrediction {
  Tensor<float> predictions{};       ///< logits [rows, C]; of tokens [N, C]
  Tensor<std::int64_t> label_ids{};  ///< [rows], or [N]; undefined if the data set has no class ids
  /// Of tokens: row r has the predictions [offsets[r], offsets[r + 1]); empty otherwise.
  std::vector<std::int64_t> offsets{};
  /// [rows, C] of multi_label_classification (0 or 1 for each class) and of regression; undefined otherwise.
  Tensor<float> label_values{};
};

using ComputeMetrics = std::function<Metrics(const EvalPrediction&)>;

/// Index of the largest value of each row of `logits` [B, C]; the first one on a tie.
inline std::vector<std::int64_t> argmax(const Tensor<float>& logits) {
  check(logits.rank() == 2 && logits.size(1) > 0, ErrorCode::shape, "argmax: expected logits [B, C], got ", logits);
  const std::int64_t classes = logits.size(1);
  std::vector<std::int64_t> result;
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    const float* begin = logits.data() + row * classes;
    result.push_back(std::max_element(begin, begin + classes) - begin);
  }
  return result;
}

namespace detail {

/// Predicted and true class of every row that has a label.
struct Decisions {
  std::vector<std::int64_t> predicted, label;
};

inline Decisions decisions(const EvalPrediction& p, const char* metric) {
  check(p.label_ids.defined(), ErrorCode::invalid_argument, metric, ": the data set has no labels");
  Decisions all{argmax(p.predictions), p.label_ids.to_vector()};
  check(all.predicted.size() == all.label.size(), ErrorCode::shape, metric,
        ": expected as many labels as predictions, got ", all.label.size(), " and ", all.predicted.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.label.size(); ++i) {
    if (all.label[i] == -100) continue;
    all.predicted[kept] = all.predicted[i];
    all.label[kept++] = all.label[i];
  }
  all.predicted.resize(kept);
  all.label.resize(kept);
  return all;
}

}  // namespace detail

/// Share of rows whose largest logit is that of their label; rows with label -100 do not count, and of none it is 0.
inline double accuracy(const EvalPrediction& p) {
  const detail::Decisions all = detail::decisions(p, "accuracy");
  return all.label.empty() ? 0.0 : metrics::accuracy_score(all.label, all.predicted);
}

/// binary: the F1 score of class 1, for two classes. macro: the mean over all classes that occur as label or as
/// prediction. weighted: the same mean weighted by how often a class is the label. micro: of all decisions together,
/// which is the accuracy.
enum class F1Average { binary, macro, micro, weighted };

/// F1 = 2 tp / (2 tp + fp + fn), 0 if a class neither occurs nor is predicted.
/// Throws Error(invalid_argument) for `binary` over more than two classes.
inline double f1(const EvalPrediction& p, F1Average average = F1Average::binary) {
  const detail::Decisions all = detail::decisions(p, "f1");
  check(average != F1Average::binary || p.predictions.size(1) <= 2, ErrorCode::invalid_argument,
        "f1: expected two classes for F1Average::binary, got ", p.predictions.size(1),
        "; use F1Average::macro, micro or weighted");
  if (all.label.empty()) return 0.0;
  const metrics::Average of = average == F1Average::binary  ? metrics::Average::binary
                              : average == F1Average::macro ? metrics::Average::macro
                              : average == F1Average::micro ? metrics::Average::micro
                                                            : metrics::Average::weighted;
  return metrics::f1_score(all.label, all.predicted, {.average = of});
}

}  // namespace tl
