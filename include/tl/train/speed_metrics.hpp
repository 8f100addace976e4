// Run times and rates as they stand in log entries, rounded as Python's round() does.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <tl/io/json.hpp>

namespace tl {

/// Python's round(value, digits): the nearest decimal, exact ties to even.
inline double rounded(double value, int digits) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return std::strtod(text, nullptr);
}

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Adds {split}_runtime, {split}_samples_per_second and {split}_steps_per_second to `entry`.
inline void add_speed_metrics(Json& entry, const std::string& split, double seconds, double samples, double steps) {
  entry[join(split, "_runtime")] = rounded(seconds, 4);
  if (seconds <= 0.0) return;
  entry[join(split, "_samples_per_second")] = rounded(samples / seconds, 3);
  entry[join(split, "_steps_per_second")] = rounded(steps / seconds, 3);
}

}  // namespace tl
