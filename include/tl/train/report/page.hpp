// The page of the report from what is known of a run: one file that needs neither a network nor scripts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/train/report/evaluation_section.hpp>
#include <tl/train/report/log_curves.hpp>
#include <tl/train/report/style.hpp>

namespace tl::detail::report {

/// A value as a text for people.
inline std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "\xE2\x80\x93";
  return dump_json(value, {.indent = -1, .ensure_ascii = false});
}

inline std::string tile(std::string_view name, std::string_view value) {
  return str_cat("<div><b>", escaped(value), "</b><span>", escaped(name), "</span></div>\n");
}

/// Seconds as "3.2 s", "4 min 10 s" or "2 h 5 min".
inline std::string duration(double seconds) {
  if (!is_finite(seconds) || seconds < 0.0 || seconds > 1e12) return number(seconds);
  if (seconds < 60.0) return str_cat(fixed(seconds, 1), " s");
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return str_cat(whole / 60, " min ", whole % 60, " s");
  return str_cat(whole / 3600, " h ", whole / 60 % 60, " min");
}

/// The last entry of the log that has `key`; null if none has.
inline const Json* last_with(const Json& log, std::string_view key) {
  for (auto entry = log.rbegin(); entry != log.rend(); ++entry)
    if (number_at(*entry, key)) return &*entry;
  return nullptr;
}

/// The numbers that one looks for first.
inline std::string tiles(const Json& run) {
  const Json &log = list_at(run, "log"), &state = object_at(run, "state");
  std::string html;
  const std::int64_t step = static_cast<std::int64_t>(number_at(state, "global_step").value_or(0.0));
  const std::int64_t steps = static_cast<std::int64_t>(number_at(state, "max_steps").value_or(0.0));
  html += tile("steps", steps > step ? str_cat(count(step), " of ", count(steps)) : count(step));
  if (const auto epoch = number_at(state, "epoch")) html += tile("epochs", number(*epoch));
  if (const Json* const entry = last_with(log, "loss"))
    html += tile("training loss, last", number(*number_at(*entry, "loss")));
  std::size_t shown = 0;
  for (const std::string& name : score_names(log))
    if (shown++ < 6) html += tile(str_cat(name, ", last"), number(*number_at(*last_with(log, name), name)));
  if (const auto best = number_at(state, "best_metric"))
    html += tile(str_cat("best metric, step ",
                         count(static_cast<std::int64_t>(number_at(state, "best_global_step").value_or(0.0)))),
                 number(*best));
  if (const Json* const entry = last_with(log, "train_runtime"))
    html += tile("time of training", duration(*number_at(*entry, "train_runtime")));
  return str_cat("<div class=\"tiles\">\n", html, "</div>\n");
}

/// A table of names and values.
inline std::string pairs_table(const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return {};
  std::string html = "<div class=\"wide\"><table>\n";
  for (const auto& [name, value] : pairs)
    html += str_cat("<tr><td>", escaped(name), "</td><td class=\"left\">", quoted_data(value), "</td></tr>\n");
  return html + "</table></div>\n";
}

inline std::string lengths_section(const Json& lengths) {
  std::string charts;
  std::vector<std::pair<std::string, std::string>> table;
  for (const auto& [name, one] : lengths.items()) {
    const auto number_of = [&one = one](const char* key) {
      return static_cast<std::int64_t>(number_at(one, key).value_or(0.0));
    };
    const Json& bars = object_at(one, "histogram");
    Histogram histogram{static_cast<std::int64_t>(number_at(bars, "low").value_or(0.0)),
                        std::max<std::int64_t>(1, static_cast<std::int64_t>(number_at(bars, "width").value_or(1.0))),
                        {}};
    for (const Json& bar : list_at(bars, "counts")) histogram.counts.push_back(bar.get<std::int64_t>());
    charts += histogram_chart(str_cat("lengths of ", name), histogram, "tokens");
    const std::int64_t rows = number_of("rows"), longest = number_of("at_longest");
    table.emplace_back(name, str_cat(count(rows), " rows, ", count(number_of("tokens")), " tokens; from ",
                                     count(number_of("shortest")), " to ", count(number_of("longest")), ", median ",
                                     count(number_of("median")), "; ", count(longest),
                                     longest == 1 ? " row has" : " rows have", " the greatest length (",
                                     percent(rows > 0 ? static_cast<double>(longest) / static_cast<double>(rows) : 0),
                                     ")", longest > 1 ? ": if texts were cut, it was these" : ""));
  }
  if (table.empty()) return {};
  return str_cat("<h2 id=\"lengths\">Lengths</h2>\n", pairs_table(table), "<div class=\"charts\">\n", charts,
                 "</div>\n");
}

inline std::string speed_section(const Json& run) {
  std::vector<std::pair<std::string, std::string>> table;
  const Json& log = list_at(run, "log");
  for (const auto& [key, name] :
       {std::pair("train_runtime", "time of training"), std::pair("train_samples_per_second", "rows per second"),
        std::pair("train_steps_per_second", "steps per second"), std::pair("total_flos", "floating-point operations"),
        std::pair("eval_runtime", "time of the last evaluation"),
        std::pair("eval_samples_per_second", "rows per second of it")})
    if (const Json* const entry = last_with(log, key)) {
      const double value = entry->at(key).get<double>();
      table.emplace_back(name, std::string_view(key).ends_with("_runtime") ? duration(value) : number(value, 6));
    }
  if (const auto peak = number_at(object_at(run, "memory"), "peak_bytes"))
    table.emplace_back("largest memory of the process",
                       str_cat(count(static_cast<std::int64_t>(*peak / 1048576.0)), " MiB"));
  for (const auto& [key, value] : object_at(run, "machine").items()) table.emplace_back(key, value_text(value));
  return table.empty() ? "" : str_cat("<h2 id=\"speed\">Speed and memory</h2>\n", pairs_table(table));
}

inline std::string object_section(std::string_view id, std::string_view title, const Json& object) {
  std::vector<std::pair<std::string, std::string>> table;
  for (const auto& [key, value] : object.items()) table.emplace_back(key, value_text(value));
  return table.empty() ? ""
                       : str_cat("<h2 id=\"", id, "\">", title, "</h2>\n<details open><summary>", table.size(),
                                 " values</summary>\n", pairs_table(table), "</details>\n");
}

/// What is said of the run under its name.
inline std::string heading(const Json& run) {
  std::string name = text_at(run, "name");
  if (name.empty()) name = "run";
  std::string html = str_cat("<h1>", quoted_data(name), "</h1>\n<p class=\"faint\">");
  const Json& model = object_at(run, "model");
  if (const std::string kind = text_at(model, "class"); !kind.empty()) html += quoted_data(kind);
  if (const auto parameters = number_at(model, "parameters"))
    html += str_cat(", ", count(static_cast<std::int64_t>(*parameters)), " parameters");
  if (const std::string time = text_at(run, "written"); !time.empty()) html += str_cat("; written ", escaped(time));
  if (const Json* const finished = find_member(run, "finished"); finished != nullptr && *finished == false)
    html += "; <b>the run has not ended</b>";
  html += "</p>\n";
  for (const Json& warning : list_at(run, "warnings"))
    if (warning.is_string()) html += str_cat("<p class=\"wrong\">", quoted_data(warning.get<std::string>()), "</p>\n");
  return html;
}

/// The links at the top; an anchor for each section that is there.
inline std::string navigation(const std::string& sections) {
  std::string html = "<nav>";
  for (const auto& [id, title] :
       {std::pair("curves", "Curves"), std::pair("epochs", "Epochs"), std::pair("evaluations", "Evaluations"),
        std::pair("lengths", "Lengths"), std::pair("speed", "Speed and memory"), std::pair("arguments", "Arguments"),
        std::pair("versions", "Versions"), std::pair("card", "Model card")})
    if (sections.find(str_cat("id=\"", id, "\"")) != std::string::npos)
      html += str_cat("<a href=\"#", id, "\">", title, "</a>\n");
  return html + "</nav>\n";
}

/// The whole file.
inline std::string page(const Json& run) {
  const Json& log = list_at(run, "log");
  std::string sections;
  if (const std::string curves = curves_of(log); !curves.empty())
    sections += str_cat("<h2 id=\"curves\">Curves</h2>\n", curves);
  if (const std::string epochs = epoch_table(log); !epochs.empty())
    sections += str_cat("<h2 id=\"epochs\">Epochs</h2>\n", epochs);
  std::string evaluations;
  for (const auto& [prefix, summary] : object_at(run, "evaluations").items())
    evaluations += evaluation_section(prefix, summary);
  if (!evaluations.empty()) sections += str_cat("<div id=\"evaluations\">\n", evaluations, "</div>\n");
  sections += lengths_section(object_at(run, "lengths")) + speed_section(run) +
              object_section("arguments", "Arguments", object_at(run, "arguments")) +
              object_section("versions", "Versions", object_at(run, "versions"));
  if (const std::string card = text_at(run, "model_card"); !card.empty())
    sections += str_cat("<h2 id=\"card\">Model card</h2>\n<pre>", escaped(card), "</pre>\n");
  return str_cat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"tl\">\n<title>",
      escaped(text_at(run, "name")), "</title>\n<style>", style_sheet, "</style>\n</head>\n<body>\n", heading(run),
      navigation(sections), tiles(run), sections, "</body>\n</html>\n");
}

}  // namespace tl::detail::report
