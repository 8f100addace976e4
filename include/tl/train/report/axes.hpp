// The frame of a diagram in SVG: a box with scales, ticks at round numbers, and grid lines. Coordinates of a diagram
// are those of its box of 400 x 240 units, which is about its size on a phone, so that its texts can be read there,
// too.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <tl/train/report/html_text.hpp>

namespace tl::detail::report {

/// Ticks at multiples of 1, 2, 2.5 or 5 times a power of ten, about `wanted` of them, within [low, high].
inline std::vector<double> round_ticks(double low, double high, int wanted) {
  const double raw = (high - low) / std::max(wanted, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10.0 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (raw <= factor * power * 1.0000001) {
      step = factor * power;
      break;
    }
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i < 100; ++i) {
    const double tick = (first + i) * step;
    if (tick > high + 1e-9 * step) break;
    ticks.push_back(std::abs(tick) < 1e-9 * step ? 0.0 : tick);
  }
  return ticks;
}

/// A range of values that is shown from one end of an axis to the other.
struct Scale {
  double low = 0.0, high = 1.0;  ///< values
  double from = 0.0, to = 1.0;   ///< units of the diagram

  double operator()(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

/// The range of `values`, a little wider; one of a single value has it in the middle.
inline Scale scale_of(double low, double high, double from, double to) {
  if (high - low < 1e-12 * std::max({std::abs(low), std::abs(high), 1e-300})) {
    const double half = low == 0.0 ? 1.0 : 0.1 * std::abs(low);
    return {low - half, high + half, from, to};
  }
  const double margin = 0.04 * (high - low);
  return {low >= 0.0 && low < margin ? 0.0 : low - margin, high + margin, from, to};
}

inline constexpr double diagram_width = 400.0, diagram_height = 240.0;
inline constexpr double box_left = 58.0, box_right = 388.0, box_top = 12.0, box_bottom = 194.0;

/// A place in a diagram, in tenths of a unit.
inline std::string place(double x) { return fixed(x, 1); }

inline std::string svg_line(std::string_view kind, double x1, double y1, double x2, double y2) {
  return str_cat("<line class=\"", kind, "\" x1=\"", place(x1), "\" y1=\"", place(y1), "\" x2=\"", place(x2),
                 "\" y2=\"", place(y2), "\"/>");
}

inline std::string svg_text(double x, double y, std::string_view anchor, std::string_view text) {
  return str_cat("<text x=\"", place(x), "\" y=\"", place(y), "\" text-anchor=\"", anchor, "\">", escaped(text),
                 "</text>");
}

/// Grid, ticks and the names of both axes.
inline std::string axes(const Scale& x, const Scale& y, std::string_view x_name, std::string_view y_name) {
  std::string svg;
  for (const double tick : round_ticks(y.low, y.high, 5)) {
    svg += svg_line("grid", box_left, y(tick), box_right, y(tick));
    svg += svg_text(box_left - 6, y(tick) + 4, "end", number(tick));
  }
  for (const double tick : round_ticks(x.low, x.high, 5)) {
    svg += svg_line("tick", x(tick), box_bottom, x(tick), box_bottom + 4);
    svg += svg_text(x(tick), box_bottom + 18, "middle", number(tick, 6));
  }
  svg += svg_line("axis", box_left, box_bottom, box_right, box_bottom);
  svg += svg_line("axis", box_left, box_top, box_left, box_bottom);
  svg += svg_text(0.5 * (box_left + box_right), diagram_height - 8, "middle", x_name);
  svg += str_cat("<text transform=\"translate(12 ", place(0.5 * (box_top + box_bottom)),
                 ") rotate(-90)\" text-anchor=\"middle\">", escaped(y_name), "</text>");
  return svg;
}

/// One colour of a diagram in its caption.
struct Key {
  int color;  ///< 0 to 5
  std::string name;
};

/// A figure with its title and, if there are several lines, what they are.
inline std::string figure(std::string_view title, std::string_view description, const std::vector<Key>& keys,
                          std::string_view drawing) {
  std::string html = str_cat("<figure><figcaption><b>", quoted_data(title), "</b>");
  for (const Key& key : keys)
    html += str_cat(" <span class=\"key\"><svg class=\"c", key.color,
                    "\" viewBox=\"0 0 22 10\"><path class=\"line\" d=\"M1 5H21\"/></svg>", quoted_data(key.name),
                    "</span>");
  return str_cat(html, "</figcaption><svg viewBox=\"0 0 ", diagram_width, " ", diagram_height,
                 "\" role=\"img\" aria-label=\"", escaped(description), "\">", drawing, "</svg></figure>\n");
}

}  // namespace tl::detail::report
