// The bars of downloads, one a file, as notebooks show them.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/hub/progress.hpp>

namespace tl::hub {

namespace detail {

/// Three digits and a unit of thousands: "268M", "1.43G", "48.0".
inline std::string with_unit(double number) {
  char text[32];
  for (const char* unit : {"", "k", "M", "G", "T"}) {
    if (number < 999.5) {
      const int decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
      std::snprintf(text, sizeof text, "%.*f%s", decimals, number, unit);
      return text;
    }
    number /= 1000;
  }
  std::snprintf(text, sizeof text, "%.3gP", number);
  return text;
}

/// "00:31" or "1:00:31".
inline std::string clock_of(double seconds) {
  const auto total = static_cast<long long>(seconds);
  char text[48];
  if (total >= 3600) std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
  else std::snprintf(text, sizeof text, "%02lld:%02lld", total / 60, total % 60);
  return text;
}

}  // namespace detail

/// "model.safetensors:  45%|#########           | 121M/268M [00:02<00:02, 56.1MB/s]" with solid blocks, `seconds` after
/// the download began. A name of more than 40 characters loses its beginning.
inline std::string progress_text(const Progress& progress, double seconds) {
  constexpr int width = 20;
  std::string name = progress.file;
  if (name.size() > 40) name = "(...)" + name.substr(name.size() - 35);
  if (progress.waiting) return name + ": another process downloads it, waiting";
  const auto received = static_cast<double>(progress.received);
  const double rate = seconds > 0 ? static_cast<double>(progress.received - progress.resumed) / seconds : 0.0;
  const std::string speed = rate > 0 ? detail::with_unit(rate) + "B/s" : "?B/s";
  if (!progress.total)
    return str_cat(name, ": ", detail::with_unit(received), "B [", detail::clock_of(seconds), ", ", speed, "]");
  const double total = static_cast<double>(*progress.total);
  const double share = total > 0 ? received / total : 1.0;
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < static_cast<int>(share * width) ? "\u2588" : " ";
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3d%%", static_cast<int>(share * 100));
  const std::string left = rate > 0 ? detail::clock_of((total - received) / rate) : "?";
  return str_cat(name, ": ", percent, '|', bar, "| ", detail::with_unit(received), '/', detail::with_unit(total), " [",
                 detail::clock_of(seconds), '<', left, ", ", speed, "]");
}

/// A listener for set_progress() that draws one bar on a terminal and leaves a line for each file that is complete:
/// set_progress(ProgressBar([](std::string_view text) { std::cerr << text; })).
class ProgressBar {
 public:
  explicit ProgressBar(std::function<void(std::string_view)> write) : state_(std::make_shared<State>()) {
    state_->write = std::move(write);
  }

  void operator()(const Progress& progress) const {
    State& state = *state_;
    const std::string name = progress.repository + '/' + progress.file;
    if (name != state.name || progress.waiting) {
      state.name = name;
      state.begin = std::chrono::steady_clock::now();
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - state.begin).count();
    state.write(str_cat("\r\033[K", progress_text(progress, seconds), progress.done ? "\n" : ""));
    if (progress.done) state.name.clear();
  }

 private:
  struct State {
    std::function<void(std::string_view)> write;
    std::string name;
    std::chrono::steady_clock::time_point begin;
  };

  std::shared_ptr<State> state_;
};

}  // namespace tl::hub
