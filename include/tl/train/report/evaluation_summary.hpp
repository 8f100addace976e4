// What the report shows of an evaluation, as JSON, so that it can be drawn again later without the model: decisions and
// confusions of classes, how far confidence can be trusted, and the rows that the model finds hardest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/metrics/report.hpp>
#include <tl/text/tokenizer.hpp>
#include <tl/train/problem_metrics.hpp>
#include <tl/train/report/diagrams.hpp>
#include <tl/train/row_source.hpp>

namespace tl::detail::report {

inline constexpr std::int64_t calibration_bins = 15;  // as metrics::expected_calibration_error
inline constexpr std::size_t hardest_rows = 50;
inline constexpr std::size_t longest_text = 400;  // bytes of a text that is shown
inline constexpr std::size_t most_scatter_points = 500;

/// What an evaluation was of.
struct Evaluated {
  const EvalPrediction& prediction;
  const RowSource* rows = nullptr;
  const Tokenizer* tokenizer = nullptr;
  std::vector<std::string> labels{};  ///< names of classes
  ProblemType problem = ProblemType::single_label_classification;
};

/// The text of a row: its columns of strings, else what its tokens say.
inline std::string text_of(const Evaluated& evaluated, std::int64_t row) {
  if (evaluated.rows == nullptr || !evaluated.rows->dataset()) return {};
  const Dataset& rows = *evaluated.rows->dataset();
  if (row >= rows.num_rows()) return {};
  std::string text;
  for (const std::string& name : rows.column_names())
    if (name != "label" && name != "labels" && rows.column_type(name) == ColumnType::string)
      text += str_cat(text.empty() ? "" : " | ", rows.column<std::string>(name)[row]);
  if (text.empty() && evaluated.tokenizer != nullptr && rows.has_column("input_ids") &&
      rows.column_type("input_ids") == ColumnType::list_int32) {
    const auto& ids = rows.column<std::vector<std::int32_t>>("input_ids")[row];
    text = evaluated.tokenizer->decode(ids);
  }
  return shortened(find_invalid_utf8(text) == std::string::npos ? text : escape_invalid_utf8(text), longest_text);
}

/// Where a row was read; its number, from 0 on, if that is not known.
inline std::string place_of(const Evaluated& evaluated, std::int64_t row) {
  const bool known =
      evaluated.rows != nullptr && evaluated.rows->dataset() && row < evaluated.rows->dataset()->num_rows();
  const std::string place = known ? evaluated.rows->dataset()->place(row) : std::string();
  return place.empty() ? str_cat("row ", row) : escape_invalid_utf8(place);
}

/// One row, or token, and what the model made of it.
struct Judged {
  std::int64_t row = 0;
  std::string label, prediction;
  double score = 0.0;  ///< probability of the prediction; of numbers the prediction
  double loss = 0.0;
  std::int64_t at = -1;  ///< number of the token in the row
};

/// Higher losses first, and of equal ones those of earlier rows.
inline bool is_harder(const Judged& a, const Judged& b) {
  return a.loss != b.loss ? a.loss > b.loss : std::pair(a.row, a.at) < std::pair(b.row, b.at);
}

inline Json hardest_json(const Evaluated& evaluated, std::vector<Judged> rows) {
  std::sort(rows.begin(), rows.end(), is_harder);
  if (rows.size() > hardest_rows) rows.resize(hardest_rows);
  Json list = Json::array();
  for (const Judged& one : rows) {
    list.push_back({{"row", one.row},
                    {"place", place_of(evaluated, one.row)},
                    {"text", text_of(evaluated, one.row)},
                    {"label", one.label},
                    {"prediction", one.prediction},
                    {"score", one.score},
                    {"loss", one.loss}});
    if (one.at >= 0) list.back()["token"] = one.at;
  }
  return list;
}

/// Keeps a list from growing with the data: only the hardest of it matter.
inline void keep_hardest(std::vector<Judged>& rows) {
  if (rows.size() < 64 * hardest_rows) return;
  const auto middle = rows.begin() + hardest_rows;
  std::nth_element(rows.begin(), middle, rows.end(), is_harder);
  rows.erase(middle, rows.end());
}

/// Precision, recall and F1 of each class and their averages.
inline void add_scores(Json& summary, const metrics::ClassificationReport& scores) {
  const auto json = [](const metrics::ReportRow& row) {
    return Json{{"name", row.name},
                {"precision", row.scores.precision},
                {"recall", row.scores.recall},
                {"f1", row.scores.f_score},
                {"support", row.support}};
  };
  summary["classes"] = Json::array();
  summary["averages"] = Json::array();
  for (const auto& row : scores.classes) summary["classes"].push_back(json(row));
  for (const auto& row : scores.averages) summary["averages"].push_back(json(row));
  if (scores.accuracy) summary["accuracy"] = *scores.accuracy;
}

/// Bins of confidence as metrics::expected_calibration_error has them.
class CalibrationSums {
 public:
  void add(double confidence, bool right) {
    const double above = std::ceil(confidence * static_cast<double>(calibration_bins)) - 1.0;
    CalibrationBar& bin =
        bins_[static_cast<std::size_t>(std::clamp(above, 0.0, static_cast<double>(calibration_bins) - 1.0))];
    bin.confidence += confidence;
    bin.right += right ? 1.0 : 0.0;
    ++bin.rows;
  }

  Json json() const {
    Json bins = Json::array();
    double error = 0.0, rows = 0.0;
    for (const CalibrationBar& bin : bins_) {
      const auto n = static_cast<double>(bin.rows);
      error += std::abs(bin.right - bin.confidence);
      rows += n;
      bins.push_back({{"confidence", bin.rows > 0 ? bin.confidence / n : 0.0},
                      {"right", bin.rows > 0 ? bin.right / n : 0.0},
                      {"rows", bin.rows}});
    }
    return {{"bins", std::move(bins)}, {"error", rows > 0.0 ? error / rows : 0.0}};
  }

 private:
  std::vector<CalibrationBar> bins_ = std::vector<CalibrationBar>(static_cast<std::size_t>(calibration_bins));
};

/// The row that prediction `at` belongs to, and the number of its token.
inline std::pair<std::int64_t, std::int64_t> row_of(const EvalPrediction& p, std::int64_t at) {
  if (p.offsets.empty()) return {at, -1};
  const auto next = std::upper_bound(p.offsets.begin(), p.offsets.end(), at);
  const std::int64_t row = next - p.offsets.begin() - 1;
  return {row, at - p.offsets[static_cast<std::size_t>(row)]};
}

/// One class of each row, or of each token.
inline void add_single_labels(Json& summary, const Evaluated& evaluated) {
  const EvalPrediction& p = evaluated.prediction;
  const LabelledPredictions all = labelled_predictions(p, {});
  const auto classes = static_cast<std::size_t>(all.classes);
  std::vector<std::int64_t> ids(classes);
  std::iota(ids.begin(), ids.end(), std::int64_t{0});
  const auto matrix = metrics::confusion_matrix(all.labels, all.predicted, ids);
  summary["confusion"] = Json::array();
  for (std::size_t label = 0; label < classes; ++label) {
    summary["confusion"].push_back(Json::array());
    for (std::size_t predicted = 0; predicted < classes; ++predicted)
      summary["confusion"].back().push_back(matrix.at(label, predicted));
  }
  add_scores(summary,
             metrics::classification_report(all.labels, all.predicted, evaluated.labels, {.labels = matrix.labels}));
  CalibrationSums sums;
  std::vector<Judged> hardest;
  std::size_t labelled = 0;
  for (std::int64_t i = 0; i < p.predictions.size(0); ++i) {
    if (p.label_ids.data()[i] == -100) continue;
    const double* const scores = all.scores.data() + labelled * classes;
    const std::int64_t label = all.labels[labelled], predicted = all.predicted[labelled];
    ++labelled;
    const double score = scores[predicted];
    sums.add(score, label == predicted);
    const auto [row, token] = row_of(p, i);
    hardest.push_back({row, metrics::detail::class_name(evaluated.labels, label),
                       metrics::detail::class_name(evaluated.labels, predicted), score,
                       -std::log(std::max(scores[label], 1e-300)), token});
    keep_hardest(hardest);
  }
  summary["calibration"] = sums.json();
  summary["hardest"] = hardest_json(evaluated, std::move(hardest));
}

/// The names of the labels that are 1 in a row of 0 and 1.
inline std::string set_labels(std::span<const std::int64_t> row, const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t c = 0; c < row.size(); ++c)
    if (row[c] == 1)
      text += str_cat(text.empty() ? "" : ", ", metrics::detail::class_name(names, static_cast<std::int64_t>(c)));
  return text.empty() ? "none" : text;
}

/// Any number of labels of each row.
inline void add_several_labels(Json& summary, const Evaluated& evaluated) {
  const LabelledPredictions all =
      labelled_predictions(evaluated.prediction, {.problem_type = ProblemType::multi_label_classification});
  add_scores(summary, metrics::classification_report(all.label_matrix(), all.predicted_matrix(), evaluated.labels));
  CalibrationSums sums;
  std::vector<Judged> hardest;
  const auto classes = static_cast<std::size_t>(all.classes);
  for (std::size_t row = 0; row * classes < all.labels.size(); ++row) {
    double loss = 0.0, sure = 1.0;
    for (std::size_t i = row * classes; i < (row + 1) * classes; ++i) {
      const double decided = all.predicted[i] == 1 ? all.scores[i] : 1.0 - all.scores[i];
      sums.add(decided, all.predicted[i] == all.labels[i]);
      loss -= std::log(std::max(all.labels[i] == 1 ? all.scores[i] : 1.0 - all.scores[i], 1e-300));
      sure = std::min(sure, decided);
    }
    hardest.push_back({static_cast<std::int64_t>(row),
                       set_labels(std::span(all.labels).subspan(row * classes, classes), evaluated.labels),
                       set_labels(std::span(all.predicted).subspan(row * classes, classes), evaluated.labels), sure,
                       loss / static_cast<double>(classes)});
    keep_hardest(hardest);
  }
  summary["calibration"] = sums.json();
  summary["hardest"] = hardest_json(evaluated, std::move(hardest));
}

/// Numbers of each row.
inline void add_numbers(Json& summary, const Evaluated& evaluated) {
  const LabelledPredictions all = labelled_predictions(evaluated.prediction, {.problem_type = ProblemType::regression});
  const auto columns = static_cast<std::size_t>(all.classes);
  const std::size_t every = std::max<std::size_t>(1, all.values.size() / most_scatter_points);
  summary["scatter"] = Json::array();
  for (std::size_t i = 0; i < all.values.size(); i += every)
    summary["scatter"].push_back({all.values[i], all.scores[i]});
  std::vector<Judged> hardest;
  for (std::size_t row = 0; row * columns < all.values.size(); ++row) {
    double loss = 0.0;
    std::string labels, predictions;
    for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) {
      loss += (all.scores[i] - all.values[i]) * (all.scores[i] - all.values[i]);
      labels += str_cat(labels.empty() ? "" : ", ", number(all.values[i]));
      predictions += str_cat(predictions.empty() ? "" : ", ", number(all.scores[i]));
    }
    hardest.push_back({static_cast<std::int64_t>(row), labels, predictions, all.scores[row * columns],
                       loss / static_cast<double>(columns)});
    keep_hardest(hardest);
  }
  summary["hardest"] = hardest_json(evaluated, std::move(hardest));
}

/// Everything that the report shows of an evaluation with labels; without them only how many rows there were. Throws as
/// labelled_predictions does.
inline Json evaluation_summary(const Evaluated& evaluated) {
  const EvalPrediction& p = evaluated.prediction;
  Json summary = {{"problem", to_string(evaluated.problem)},
                  {"rows", p.offsets.empty() ? p.predictions.size(0) : std::ssize(p.offsets) - 1},
                  {"by_token", !p.offsets.empty()},
                  {"labels", evaluated.labels}};
  const bool has_class = p.label_ids.defined() && std::any_of(p.label_ids.span().begin(), p.label_ids.span().end(),
                                                              [](std::int64_t label) { return label != -100; });
  if (evaluated.problem == ProblemType::single_label_classification && has_class) add_single_labels(summary, evaluated);
  if (evaluated.problem == ProblemType::multi_label_classification && p.label_values.defined())
    add_several_labels(summary, evaluated);
  if (evaluated.problem == ProblemType::regression && p.label_values.defined()) add_numbers(summary, evaluated);
  return summary;
}

/// Lengths of the rows in tokens, and how many have the greatest one: where texts were cut, those may be among them.
inline Json length_summary(const std::vector<std::int64_t>& lengths) {
  if (lengths.empty()) return nullptr;
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  std::vector<std::int64_t> sorted = lengths;
  std::nth_element(sorted.begin(), sorted.begin() + std::ssize(sorted) / 2, sorted.end());
  const Histogram bars = histogram_of(lengths);
  return {{"rows", lengths.size()},
          {"tokens", std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0})},
          {"shortest", *std::min_element(lengths.begin(), lengths.end())},
          {"median", sorted[sorted.size() / 2]},
          {"longest", longest},
          {"at_longest", std::count(lengths.begin(), lengths.end(), longest)},
          {"histogram", {{"low", bars.low}, {"width", bars.width}, {"counts", bars.counts}}}};
}

}  // namespace tl::detail::report
