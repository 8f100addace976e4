// What the log of a run says to the report: its curves, and a line for each epoch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/train/report/diagrams.hpp>

namespace tl::detail::report {

/// The number under `key`; nothing if there is none.
inline std::optional<double> number_at(const Json& object, std::string_view key) {
  const Json* const found = object.is_object() ? find_member(object, key) : nullptr;
  return found != nullptr && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

/// The text under `key`; empty if there is none.
inline std::string text_at(const Json& object, std::string_view key) {
  const Json* const found = object.is_object() ? find_member(object, key) : nullptr;
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

/// What is under `key`; an empty array if there is nothing.
inline const Json& list_at(const Json& object, std::string_view key) {
  static const Json nothing = Json::array();
  const Json* const found = object.is_object() ? find_member(object, key) : nullptr;
  return found != nullptr && found->is_array() ? *found : nothing;
}

/// What is under `key`; an empty object if there is nothing.
inline const Json& object_at(const Json& object, std::string_view key) {
  static const Json nothing = Json::object();
  const Json* const found = object.is_object() ? find_member(object, key) : nullptr;
  return found != nullptr && found->is_object() ? *found : nothing;
}

/// Whether a value of a log entry is a score of an evaluation: not a count, a time or a speed.
inline bool is_score(std::string_view key) {
  return key.starts_with("eval_") && !key.ends_with("_runtime") && !key.ends_with("_per_second") &&
         !key.ends_with("_samples") && !key.ends_with("_preparation_time");
}

/// The curve of `key` over the steps.
inline Series series_of(const Json& log, const std::string& key, std::string name, bool marked = false) {
  Series series{std::move(name), {}, marked};
  for (const Json& entry : log)
    if (const auto value = number_at(entry, key))
      series.points.emplace_back(number_at(entry, "step").value_or(0.0), *value);
  return series;
}

inline constexpr std::size_t most_metric_charts = 24;

/// The scores of evaluations in the order in which the log has them.
inline std::vector<std::string> score_names(const Json& log) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Json& entry : log)
    if (entry.is_object())
      for (const auto& [key, value] : entry.items())
        if (is_score(key) && value.is_number() && seen.insert(key).second) names.push_back(key);
  return names;
}

/// Curves of loss, learning rate, gradient norm and each metric.
inline std::string curves_of(const Json& log) {
  std::vector<Series> losses = {series_of(log, "loss", "training")};
  std::vector<std::string> metrics;
  for (const std::string& key : score_names(log)) {
    if (key.ends_with("_loss")) losses.push_back(series_of(log, key, key, true));
    else metrics.push_back(key);
  }
  std::string html = line_chart("loss", std::move(losses));
  for (std::size_t i = 0; i < std::min(metrics.size(), most_metric_charts); ++i)
    html += line_chart(metrics[i], {series_of(log, metrics[i], metrics[i], true)});
  html += line_chart("learning rate", {series_of(log, "learning_rate", "learning rate")});
  html += line_chart("gradient norm", {series_of(log, "grad_norm", "gradient norm")});
  if (html.empty()) return {};
  html = str_cat("<div class=\"charts\">\n", html, "</div>\n");
  if (metrics.size() > most_metric_charts)
    html += str_cat("<p class=\"faint\">Curves of the first ", most_metric_charts, " of ", metrics.size(),
                    " metrics; the table of epochs has all.</p>\n");
  return html;
}

/// One line of the table of epochs.
struct EpochRow {
  std::string name;
  double step = 0.0;
  double loss_sum = 0.0;
  std::int64_t losses = 0;
  std::optional<double> learning_rate{};
  std::map<std::string, double> scores{};
};

/// An epoch has the entries after the one before it; what was evaluated after the training has a line of its own.
inline std::vector<EpochRow> epoch_rows(const Json& log) {
  std::map<std::int64_t, EpochRow> epochs;
  EpochRow after{"after training"};
  bool trained = false;
  for (const Json& entry : log) {
    if (!entry.is_object()) continue;
    trained = trained || entry.contains("train_runtime");
    const double epoch = std::ceil(number_at(entry, "epoch").value_or(0.0) - 1e-9);
    const auto number_of_epoch = static_cast<std::int64_t>(std::clamp(epoch, 0.0, 1e9));
    EpochRow& row = trained ? after : epochs[number_of_epoch];
    if (!trained) row.name = number_of_epoch == 0 ? "before training" : std::to_string(number_of_epoch);
    row.step = number_at(entry, "step").value_or(row.step);
    if (const auto loss = number_at(entry, "loss")) row.loss_sum += *loss, ++row.losses;
    if (const auto rate = number_at(entry, "learning_rate")) row.learning_rate = rate;
    for (const auto& [key, value] : entry.items())
      if (is_score(key) && value.is_number()) row.scores[key] = value.get<double>();
  }
  std::vector<EpochRow> rows;
  for (auto& [epoch, row] : epochs) rows.push_back(std::move(row));
  if (!after.scores.empty()) rows.push_back(std::move(after));
  return rows;
}

inline std::string epoch_table(const Json& log) {
  const std::vector<EpochRow> rows = epoch_rows(log);
  if (rows.empty()) return {};
  const std::vector<std::string> names = score_names(log);
  std::string html =
      "<div class=\"wide\"><table><tr><th>epoch</th><th>step</th><th>training loss</th><th>learning rate</th>";
  for (const std::string& name : names) html += str_cat("<th>", quoted_data(name), "</th>");
  html += "</tr>\n";
  for (const EpochRow& row : rows) {
    html += str_cat("<tr><td>", escaped(row.name), "</td><td>", count(static_cast<std::int64_t>(row.step)), "</td><td>",
                    row.losses > 0 ? number(row.loss_sum / static_cast<double>(row.losses)) : "", "</td><td>",
                    row.learning_rate ? number(*row.learning_rate) : "", "</td>");
    for (const std::string& name : names) {
      const auto found = row.scores.find(name);
      html += str_cat("<td>", found == row.scores.end() ? "" : number(found->second), "</td>");
    }
    html += "</tr>\n";
  }
  return html +
         "</table></div>\n<p class=\"faint\">The training loss is the mean of what was logged in the epoch; the scores "
         "are those of its last evaluation.</p>\n";
}

}  // namespace tl::detail::report
