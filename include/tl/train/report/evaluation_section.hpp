// The section of the report about one evaluated data set.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/train/report/log_curves.hpp>

namespace tl::detail::report {

inline constexpr std::size_t largest_matrix = 30, most_confusions = 20;

/// The names of the classes of a confusion matrix.
inline std::vector<std::string> class_names(const Json& summary, std::size_t classes) {
  std::vector<std::string> names;
  for (const Json& label : list_at(summary, "labels"))
    if (label.is_string()) names.push_back(label.get<std::string>());
  while (names.size() < classes) names.push_back(std::to_string(names.size()));
  return names;
}

using Counts = std::vector<std::vector<std::int64_t>>;

/// A square matrix of counts; empty if there is none.
inline Counts counts_of(const Json& confusion) {
  Counts counts;
  for (const Json& row : confusion) counts.push_back(row.get<std::vector<std::int64_t>>());
  for (const auto& row : counts)
    check(row.size() == counts.size(), ErrorCode::format, "confusion matrix: expected ", counts.size(),
          " counts in each row, got ", row.size());
  return counts;
}

inline std::string matrix_table(const Counts& counts, const std::vector<std::string>& names) {
  std::string html = "<div class=\"wide\"><table class=\"matrix\"><tr><th>label \\ prediction</th>";
  for (std::size_t c = 0; c < counts.size(); ++c) html += str_cat("<th>", quoted_data(names[c]), "</th>");
  html += "</tr>\n";
  for (std::size_t label = 0; label < counts.size(); ++label) {
    std::int64_t rows = 0;
    for (const std::int64_t n : counts[label]) rows += n;
    html += str_cat("<tr><th>", quoted_data(names[label]), "</th>");
    for (std::size_t predicted = 0; predicted < counts.size(); ++predicted) {
      const double n = static_cast<double>(counts[label][predicted]);
      const double share = rows > 0 ? n / static_cast<double>(rows) : 0.0;
      html += str_cat("<td", label == predicted ? " class=\"right\"" : "", " style=\"--share:", fixed(share, 3), "\">",
                      count(counts[label][predicted]), "<small>", percent(share), "</small></td>");
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n<p class=\"faint\">Counts, and shares of the rows with that label.</p>\n";
}

inline std::string confusion_list(const Counts& counts, const std::vector<std::string>& names) {
  struct Pair {
    std::int64_t rows;
    std::size_t label, predicted;
  };
  std::vector<Pair> pairs;
  for (std::size_t label = 0; label < counts.size(); ++label)
    for (std::size_t predicted = 0; predicted < counts.size(); ++predicted)
      if (label != predicted && counts[label][predicted] > 0)
        pairs.push_back({counts[label][predicted], label, predicted});
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.rows > b.rows; });
  if (pairs.size() > most_confusions) pairs.resize(most_confusions);
  if (pairs.empty()) return {};
  std::string html =
      "<h3>Most frequent confusions</h3>\n<div class=\"wide\"><table><tr><th>label</th><th class=\"left\">prediction"
      "</th><th>rows</th></tr>\n";
  for (const Pair& pair : pairs)
    html += str_cat("<tr><td>", quoted_data(names[pair.label]), "</td><td class=\"left\">",
                    quoted_data(names[pair.predicted]), "</td><td>", count(pair.rows), "</td></tr>\n");
  return html + "</table></div>\n";
}

inline std::string confusion_part(const Json& summary) {
  const Counts counts = counts_of(list_at(summary, "confusion"));
  if (counts.empty()) return {};
  const std::vector<std::string> names = class_names(summary, counts.size());
  std::string html = "<h3>Confusion matrix</h3>\n";
  html += counts.size() <= largest_matrix ? matrix_table(counts, names)
                                          : str_cat("<p>", counts.size(), " classes are more than a matrix of at most ",
                                                    largest_matrix, " can show.</p>\n");
  return counts.size() > 2 ? html + confusion_list(counts, names) : html;
}

inline std::string scores_line(const Json& row) {
  std::string html = str_cat("<tr><td>", quoted_data(text_at(row, "name")), "</td>");
  for (const char* score : {"precision", "recall", "f1"}) {
    const auto value = number_at(row, score);
    html += str_cat("<td>", value ? fixed(*value, 3) : "", "</td>");
  }
  return str_cat(html, "<td>", count(static_cast<std::int64_t>(number_at(row, "support").value_or(0.0))),
                 "</td></tr>\n");
}

inline std::string scores_part(const Json& summary) {
  const Json& classes = list_at(summary, "classes");
  if (classes.empty()) return {};
  std::string html =
      "<h3>Scores of each class</h3>\n<div class=\"wide\"><table><tr><th>class</th><th>precision</th><th>recall</th>"
      "<th>F1</th><th>support</th></tr>\n";
  for (const Json& row : classes) html += scores_line(row);
  if (const auto accuracy = number_at(summary, "accuracy"))
    html += str_cat("<tr><td>accuracy</td><td></td><td></td><td>", fixed(*accuracy, 3), "</td><td></td></tr>\n");
  for (const Json& row : list_at(summary, "averages")) html += scores_line(row);
  return html + "</table></div>\n";
}

inline std::string calibration_part(const Json& summary) {
  const Json& calibration = object_at(summary, "calibration");
  std::vector<CalibrationBar> bins;
  std::int64_t rows = 0;
  for (const Json& bin : list_at(calibration, "bins")) {
    bins.push_back({number_at(bin, "confidence").value_or(0.0), number_at(bin, "right").value_or(0.0),
                    static_cast<std::int64_t>(number_at(bin, "rows").value_or(0.0))});
    rows += bins.back().rows;
  }
  if (rows == 0) return {};
  return str_cat("<h3>Calibration</h3>\n<p>Expected calibration error <b>",
                 number(number_at(calibration, "error").value_or(0.0)), "</b> over ", count(rows), " decisions in ",
                 bins.size(),
                 " bins: how far the mean confidence is from the share that is right. Bars below the diagonal are "
                 "decisions that are surer than they should be.</p>\n<div class=\"charts\">\n",
                 reliability_diagram("reliability", bins), "</div>\n");
}

inline std::string scatter_part(const Json& summary) {
  Points points;
  for (const Json& pair : list_at(summary, "scatter"))
    if (pair.is_array() && pair.size() == 2 && pair[0].is_number() && pair[1].is_number())
      points.emplace_back(pair[0].get<double>(), pair[1].get<double>());
  const std::string chart = scatter_chart("predictions and labels", points);
  return chart.empty() ? "" : str_cat("<div class=\"charts\">\n", chart, "</div>\n");
}

/// Where a row was read, without the folders of the file, which show when one points at it.
inline std::string short_place(const std::string& place) {
  const std::size_t slash = place.rfind('/');
  if (slash == std::string::npos) return quoted_data(place);
  return str_cat("<span title=\"", escaped(place), "\">", quoted_data(std::string_view(place).substr(slash + 1)),
                 "</span>");
}

/// The rows with the highest loss, which is where wrong labels are found.
inline std::string hardest_part(const Json& summary) {
  const Json& rows = list_at(summary, "hardest");
  if (rows.empty()) return {};
  const bool numbers = text_at(summary, "problem") == "regression";
  std::string html = str_cat(
      "<h3>Rows with the highest loss</h3>\n<p>What the model finds hardest, worst first. A confident prediction that "
      "differs from its label often means that the label is wrong.</p>\n<div class=\"wide\"><table class=\"rows\"><tr>"
      "<th>place</th><th class=\"left\">text</th><th class=\"left\">label</th><th class=\"left\">prediction</th>",
      numbers ? "" : "<th>probability</th>", "<th>loss</th></tr>\n");
  for (const Json& row : rows) {
    const std::string label = text_at(row, "label"), prediction = text_at(row, "prediction");
    const auto token = number_at(row, "token");
    html += str_cat("<tr><td class=\"place\">", short_place(text_at(row, "place")),
                    token ? str_cat(", token ", static_cast<std::int64_t>(*token)) : "", "</td><td class=\"text\">",
                    quoted_data(text_at(row, "text")), "</td><td class=\"name\" data-is=\"label\">", quoted_data(label),
                    "</td><td class=\"name", label != prediction && !numbers ? " wrong" : "",
                    "\" data-is=\"prediction\">", quoted_data(prediction), "</td>");
    if (!numbers)
      html += str_cat("<td data-is=\"probability\">", percent(number_at(row, "score").value_or(0.0)), "</td>");
    html += str_cat("<td data-is=\"loss\">", number(number_at(row, "loss").value_or(0.0)), "</td></tr>\n");
  }
  return html + "</table></div>\n";
}

/// One evaluated data set, by the prefix of its metrics.
inline std::string evaluation_section(const std::string& prefix, const Json& summary) {
  std::string html = str_cat("<h2>Evaluation: ", quoted_data(prefix), "</h2>\n<p class=\"faint\">");
  if (const auto rows = number_at(summary, "rows")) html += str_cat(count(static_cast<std::int64_t>(*rows)), " rows");
  if (const auto step = number_at(summary, "step"))
    html += str_cat(", after step ", count(static_cast<std::int64_t>(*step)));
  html += "</p>\n";
  const std::string parts = confusion_part(summary) + scores_part(summary) + scatter_part(summary) +
                            calibration_part(summary) + hardest_part(summary);
  return html + (parts.empty() ? "<p>There are no predictions with labels to show.</p>\n" : parts);
}

}  // namespace tl::detail::report
