// Reports of a classifier for people: scores per class as the tables of scikit-learn and seqeval show them, and the
// confusion matrix with its names.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/metrics/classification.hpp>
#include <tl/metrics/tags.hpp>

namespace tl::metrics {

/// A line of a report.
struct ReportRow {
  std::string name;
  PrecisionRecallFScore scores{};
  std::int64_t support = 0;
};

struct ClassificationReport {
  std::vector<ReportRow> classes;
  std::vector<ReportRow>
      averages;  ///< "micro avg" unless there is an accuracy, "macro avg", "weighted avg", "samples avg"
  std::optional<double> accuracy{};  ///< of one label per row, if all classes count
};

namespace detail {

/// Characters of a text in UTF-8.
inline std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

inline std::string right(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text_width(text)), ' ') + std::string(text);
}

/// A number with `digits` digits after the point, rounded as the shortest text of Python's format.
inline std::string fixed(double value, int digits) {
  if (is_nan(value)) return "nan";
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits);
  return std::string(buffer.data(), end.ptr);
}

inline std::string report_line(const ReportRow& row, std::size_t width, int digits) {
  std::string line = right(row.name, width) + ' ';
  for (const double score : {row.scores.precision, row.scores.recall, row.scores.f_score})
    line += ' ' + right(fixed(score, digits), 9);
  return line + ' ' + right(std::to_string(row.support), 9) + '\n';
}

/// The name of a class: that of `names`, or its number.
inline std::string class_name(std::span<const std::string> names, std::int64_t c) {
  const bool named = c >= 0 && c < static_cast<std::int64_t>(names.size());
  return named ? names[static_cast<std::size_t>(c)] : std::to_string(c);
}

template <class Labels>
ClassificationReport report_of(const Labels& labels, const Labels& predictions, std::span<const std::string> names,
                               PrecisionRecallOptions options,
                               std::span<const std::pair<const char*, Average>> averages) {
  ClassificationReport report;
  std::int64_t support = 0;
  for (const ClassScores& c : class_scores(labels, predictions, options)) {
    report.classes.push_back({class_name(names, c.label), c.scores, c.support});
    support += c.support;
  }
  for (const auto& [name, average] : averages) {
    options.average = average;
    report.averages.push_back(
        {name, precision_recall_fscore("classification_report", labels, predictions, options), support});
  }
  return report;
}

}  // namespace detail

/// The table as scikit-learn prints it, with a line break after each line.
inline std::string to_string(const ClassificationReport& report, int digits = 2) {
  std::size_t width = std::max(std::string_view("weighted avg").size(), static_cast<std::size_t>(digits));
  for (const ReportRow& row : report.classes) width = std::max(width, detail::text_width(row.name));
  std::string text(width + 1, ' ');
  for (const char* head : {"precision", "recall", "f1-score", "support"}) text += ' ' + detail::right(head, 9);
  text += "\n\n";
  for (const ReportRow& row : report.classes) text += detail::report_line(row, width, digits);
  text += '\n';
  if (report.accuracy)
    text += detail::right("accuracy", width) + ' ' + std::string(20, ' ') + ' ' +
            detail::right(detail::fixed(*report.accuracy, digits), 9) + ' ' +
            detail::right(std::to_string(report.averages.front().support), 9) + '\n';
  for (const ReportRow& row : report.averages) text += detail::report_line(row, width, digits);
  return text;
}

/// Scores of each class and their averages, of classes [rows]; `options.labels` chooses the classes, else all that
/// occur are shown, and names[i] is the name of class i. Throws as precision_recall_fscore does.
inline ClassificationReport classification_report(Classes labels, Classes predictions,
                                                  std::span<const std::string> names = {},
                                                  const PrecisionRecallOptions& options = {}) {
  using enum Average;
  detail::check_rows("classification_report", labels.size(), predictions.size());
  const auto counts = [&options](std::int64_t c) {
    return options.labels.empty() || std::ranges::find(options.labels, c) != options.labels.end();
  };
  const bool all = std::ranges::all_of(detail::distinct(labels, predictions), counts);
  constexpr std::array<std::pair<const char*, Average>, 3> averages{
      {{"micro avg", micro}, {"macro avg", macro}, {"weighted avg", weighted}}};
  auto report = detail::report_of(labels, predictions, names, options, std::span(averages).subspan(all ? 1 : 0));
  if (all) report.accuracy = accuracy_score(labels, predictions);
  return report;
}

/// Scores of each column of several labels and their averages, of 0/1 matrices [rows, C].
/// Throws as precision_recall_fscore does.
inline ClassificationReport classification_report(const LabelMatrix& labels, const LabelMatrix& predictions,
                                                  std::span<const std::string> names = {},
                                                  const PrecisionRecallOptions& options = {}) {
  using enum Average;
  constexpr std::array<std::pair<const char*, Average>, 4> averages{
      {{"micro avg", micro}, {"macro avg", macro}, {"weighted avg", weighted}, {"samples avg", samples}}};
  return detail::report_of(labels, predictions, names, options, averages);
}

/// Scores of the entities of each type and their averages, as seqeval reports them.
/// Throws as the precision_score of tags does.
inline ClassificationReport classification_report(TagSequences labels, TagSequences predictions,
                                                  const TagOptions& options = {}) {
  const auto types = detail::type_counts("classification_report", labels, predictions, options);
  const std::int64_t support = detail::sum_of(types).occurring;
  ClassificationReport report;
  for (const auto& [type, c] : types)
    report.classes.push_back({type, detail::tag_scores(c, options.zero_division), c.occurring});
  for (const auto& [name, average] :
       {std::pair{"micro avg", Average::micro}, {"macro avg", Average::macro}, {"weighted avg", Average::weighted}})
    report.averages.push_back(
        {name, detail::tag_average("classification_report", types, average, options.zero_division), support});
  return report;
}

/// The confusion matrix as a table with a row for each label and a column for each prediction; names[i] is the name of
/// class i.
inline std::string to_string(const ConfusionMatrix& matrix, std::span<const std::string> names = {}) {
  const std::size_t classes = matrix.labels.size();
  std::vector<std::string> heads;
  std::vector<std::size_t> widths;
  std::size_t side = std::string_view("label").size();
  for (std::size_t c = 0; c < classes; ++c) {
    heads.push_back(detail::class_name(names, matrix.labels[c]));
    side = std::max(side, detail::text_width(heads.back()));
    widths.push_back(detail::text_width(heads.back()));
    for (std::size_t row = 0; row < classes; ++row)
      widths.back() = std::max(widths.back(), std::to_string(matrix.at(row, c)).size());
  }
  std::string text = detail::right("", side) + "  predicted\n" + detail::right("label", side);
  for (std::size_t c = 0; c < classes; ++c) text += "  " + detail::right(heads[c], widths[c]);
  text += '\n';
  for (std::size_t row = 0; row < classes; ++row) {
    text += detail::right(heads[row], side);
    for (std::size_t c = 0; c < classes; ++c)
      text += "  " + detail::right(std::to_string(matrix.at(row, c)), widths[c]);
    text += '\n';
  }
  return text;
}

}  // namespace tl::metrics
