// The diagrams of the report: curves, a histogram, how far confidence can be trusted, numbers against their labels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tl/train/report/axes.hpp>

namespace tl::detail::report {

using Points = std::vector<std::pair<double, double>>;

/// One curve of a chart.
struct Series {
  std::string name;
  Points points;
  bool marked = false;  ///< each point has a mark that tells its value
};

inline constexpr std::size_t most_points = 600;

/// At most about most_points of a curve: the lowest and the highest of each piece, so that no peak is lost.
inline Points thinned(const Points& all) {
  if (all.size() <= most_points) return all;
  const std::size_t pieces = most_points / 2;
  const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
  Points few;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(piece * all.size() / pieces);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>((piece + 1) * all.size() / pieces);
    auto [low, high] = std::minmax_element(begin, end, by_value);
    if (high < low) std::swap(low, high);
    few.push_back(*low);
    if (low != high) few.push_back(*high);
  }
  return few;
}

inline std::string mark(double x, double y, const std::string& says) {
  return str_cat("<circle class=\"mark\" cx=\"", place(x), "\" cy=\"", place(y), "\" r=\"3.2\"><title>", escaped(says),
                 "</title></circle>");
}

inline std::string curve(const Series& series, int color, const Scale& x, const Scale& y) {
  std::string path, marks;
  for (const auto& [at, value] : thinned(series.points)) {
    path += str_cat(path.empty() ? "M" : "L", place(x(at)), " ", place(y(value)));
    if (series.marked && series.points.size() <= 200)
      marks += mark(x(at), y(value), str_cat("step ", number(at, 12), ": ", number(value, 6)));
  }
  if (series.points.size() == 1)
    marks = mark(x(series.points[0].first), y(series.points[0].second), number(series.points[0].second, 6));
  return str_cat("<g class=\"c", color, "\"><path class=\"line\" d=\"", path, "\"/>", marks, "</g>");
}

/// Curves over the steps of a run; empty without a finite point.
inline std::string line_chart(const std::string& title, std::vector<Series> all) {
  for (Series& series : all) std::erase_if(series.points, [](const auto& point) { return !is_finite(point.second); });
  std::erase_if(all, [](const Series& series) { return series.points.empty(); });
  if (all.empty()) return {};
  std::pair x_range = {all[0].points[0].first, all[0].points[0].first};
  std::pair y_range = {all[0].points[0].second, all[0].points[0].second};
  for (const Series& series : all)
    for (const auto& [at, value] : series.points) {
      x_range = {std::min(x_range.first, at), std::max(x_range.second, at)};
      y_range = {std::min(y_range.first, value), std::max(y_range.second, value)};
    }
  const Scale x = scale_of(x_range.first, x_range.second, box_left, box_right);
  const Scale y = scale_of(y_range.first, y_range.second, box_bottom, box_top);
  std::string drawing = axes(x, y, "step", "");
  std::string description = title;
  std::vector<Key> keys;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const int color = static_cast<int>(i % 6);
    drawing += curve(all[i], color, x, y);
    description += str_cat("; ", all[i].name, " from ", number(all[i].points.front().second), " to ",
                           number(all[i].points.back().second));
    const std::string last = str_cat("last: ", number(all[i].points.back().second));
    keys.push_back({color, all.size() == 1 ? last : str_cat(all[i].name, " (", last, ")")});
  }
  return figure(title, description, keys, drawing);
}

/// How many values there are of each size, in at most 24 bars of whole numbers.
struct Histogram {
  std::int64_t low = 0, width = 1;  ///< bar i counts low + i * width up to the next one
  std::vector<std::int64_t> counts;
};

inline Histogram histogram_of(const std::vector<std::int64_t>& values) {
  Histogram bars;
  if (values.empty()) return bars;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  bars.low = *low;
  bars.width = std::max<std::int64_t>(1, (*high - *low + 24) / 24);
  bars.counts.assign(static_cast<std::size_t>((*high - *low) / bars.width + 1), 0);
  for (const std::int64_t value : values) ++bars.counts[static_cast<std::size_t>((value - bars.low) / bars.width)];
  return bars;
}

inline std::string bar(double left, double right, double top, const std::string& says) {
  return str_cat("<rect class=\"bar\" x=\"", place(left), "\" y=\"", place(top), "\" width=\"",
                 place(std::max(right - left - 1.0, 0.5)), "\" height=\"", place(std::max(box_bottom - top, 0.0)),
                 "\"><title>", escaped(says), "</title></rect>");
}

inline std::string histogram_chart(const std::string& title, const Histogram& bars, const std::string& unit) {
  if (bars.counts.empty()) return {};
  const std::int64_t most = *std::max_element(bars.counts.begin(), bars.counts.end());
  const auto end = bars.low + bars.width * static_cast<std::int64_t>(bars.counts.size());
  const Scale x{static_cast<double>(bars.low), static_cast<double>(end), box_left, box_right};
  const Scale y{0.0, 1.04 * static_cast<double>(std::max<std::int64_t>(most, 1)), box_bottom, box_top};
  std::string drawing = axes(x, y, unit, "rows") + "<g class=\"c0\">";
  for (std::size_t i = 0; i < bars.counts.size(); ++i) {
    const std::int64_t first = bars.low + bars.width * static_cast<std::int64_t>(i), last = first + bars.width - 1;
    const std::string range = first == last ? str_cat(first) : str_cat(first, " to ", last);
    drawing += bar(x(static_cast<double>(first)), x(static_cast<double>(last + 1)),
                   y(static_cast<double>(bars.counts[i])), str_cat(range, " ", unit, ": ", bars.counts[i], " rows"));
  }
  return figure(title, str_cat(title, ": from ", bars.low, " to ", end - 1, " ", unit), {}, drawing + "</g>");
}

/// Rows of similar confidence, and the share of them that is right.
struct CalibrationBar {
  double confidence = 0.0, right = 0.0;  ///< means
  std::int64_t rows = 0;
};

/// Bars of the share that is right; confidence that can be trusted ends on the diagonal.
inline std::string reliability_diagram(const std::string& title, const std::vector<CalibrationBar>& bins) {
  const Scale x{0.0, 1.0, box_left, box_right}, y{0.0, 1.0, box_bottom, box_top};
  std::string drawing = axes(x, y, "confidence", "share that is right") + "<g class=\"c0\">";
  const auto n = static_cast<double>(bins.size());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i].rows == 0) continue;
    const auto at = static_cast<double>(i);
    drawing += bar(x(at / n), x((at + 1) / n), y(bins[i].right),
                   str_cat("confidence ", percent(bins[i].confidence), ", right ", percent(bins[i].right), ", ",
                           bins[i].rows, " rows"));
  }
  drawing += "</g><g class=\"c1\">" + svg_line("dashed", x(0), y(0), x(1), y(1));
  for (const CalibrationBar& bin : bins)
    if (bin.rows > 0) drawing += mark(x(bin.confidence), y(bin.right), percent(bin.right));
  return figure(title, title, {{0, "share that is right"}, {1, "as confident as right"}}, drawing + "</g>");
}

/// Predicted numbers over their labels.
inline std::string scatter_chart(const std::string& title, const Points& points) {
  if (points.empty()) return {};
  double low = points[0].first, high = low;
  for (const auto& [label, predicted] : points) {
    low = std::min({low, label, predicted});
    high = std::max({high, label, predicted});
  }
  const Scale x = scale_of(low, high, box_left, box_right), y = scale_of(low, high, box_bottom, box_top);
  std::string drawing = axes(x, y, "label", "prediction") + "<g class=\"c1\">" +
                        svg_line("dashed", x(low), y(low), x(high), y(high)) + "</g><g class=\"c0\">";
  for (const auto& [label, predicted] : points)
    drawing += mark(x(label), y(predicted), str_cat("label ", number(label), ", prediction ", number(predicted)));
  return figure(title, title, {}, drawing + "</g>");
}

}  // namespace tl::detail::report
