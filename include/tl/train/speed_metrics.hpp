// Run times and rates as log entries have them, rounded as Python's round() does. Nothing here depends on the
// program's locale.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <string>

#include <tl/io/json.hpp>

namespace tl {

namespace detail {

/// Python's f"{value:.{digits}f}", for at most 40 digits: the nearest decimal, exact ties to even.
inline std::string fixed_text(double value, int digits) {
  std::array<char, 400> text;  // the largest number has 309 digits before the point
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits).ptr;
  return {text.data(), end};
}

/// Python's round(value, digits).
inline double rounded(double value, int digits) {
  const std::string text = fixed_text(value, digits);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace detail

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

namespace detail {

/// Adds {split}_runtime, {split}_samples_per_second and {split}_steps_per_second to `entry`.
inline void add_speed_metrics(Json& entry, const std::string& split, double seconds, double samples, double steps) {
  entry[str_cat(split, "_runtime")] = rounded(seconds, 4);
  if (seconds <= 0.0) return;
  entry[str_cat(split, "_samples_per_second")] = rounded(samples / seconds, 3);
  entry[str_cat(split, "_steps_per_second")] = rounded(steps / seconds, 3);
}

}  // namespace detail

}  // namespace tl
