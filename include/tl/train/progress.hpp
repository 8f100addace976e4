// Callbacks that show a run: the progress bar with log entries, log entries alone, and the table with one row per
// evaluation that notebooks show.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/train/console.hpp>
#include <tl/train/speed_metrics.hpp>
#include <tl/train/trainer_callback.hpp>

namespace tl {

namespace detail {

/// A value as Python prints it.
inline std::string python_value(const Json& value) {
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_string()) return str_cat('\'', string_of(value), '\'');
  return dump_json(value, {.indent = -1});
}

/// A log entry as Python prints a dict: the epoch with two decimals, no total_flos, nothing that only tl writes.
inline std::string shown_entry(const Json& entry) {
  std::string text;
  for (const auto& [key, value] : entry.items())
    if (key != "total_flos" && !key.starts_with("tl_"))
      text += str_cat(text.empty() ? "{'" : ", '", key,
                      "': ", python_value(key == "epoch" ? Json(rounded(json_get<double>(value), 2)) : value));
  return text.empty() ? "{}" : text + "}";
}

/// "01:05" or "1:01:05".
inline std::string clock_text(double seconds) {
  const auto total = static_cast<std::int64_t>(seconds);
  char text[32];
  if (total >= 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", static_cast<long long>(total / 3600),
                  static_cast<long long>(total / 60 % 60), static_cast<long long>(total % 60));
  else
    std::snprintf(text, sizeof text, "%02lld:%02lld", static_cast<long long>(total / 60),
                  static_cast<long long>(total % 60));
  return text;
}

/// " 45%|####      | 85/189 [00:31<00:38,  2.72it/s]" with solid blocks; `skipped` of the `done` were done before the
/// `seconds` began. Where nothing was measured yet the rate is "?".
inline std::string bar_text(std::string_view label, std::int64_t done, std::int64_t total, double seconds,
                            std::int64_t skipped = 0) {
  constexpr int width = 20;
  total = std::max<std::int64_t>(total, 1);
  const auto filled = static_cast<int>(width * std::min(done, total) / total);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? "\u2588" : " ";
  const double rate = seconds > 0 ? static_cast<double>(done - skipped) / seconds : 0.0;
  const std::string left = rate > 0 ? clock_text(static_cast<double>(total - done) / rate) : "?";
  const std::string speed = rate > 0 ? fixed_text(rate, 2) : "?";
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3d%%", static_cast<int>(100 * std::min(done, total) / total));
  return str_cat(label, percent, '|', bar, "| ", done, '/', total, " [", clock_text(seconds), '<', left, ", ",
                 std::string(speed.size() < 5 ? 5 - speed.size() : 0, ' '), speed, "it/s]");
}

}  // namespace detail

/// Log entries as lines and, on a terminal, a bar of all updates that gives way to one of the batches while evaluating.
class ProgressCallback : public TrainerCallback {
 public:
  explicit ProgressCallback(std::shared_ptr<Console> console = standard_console(), bool show_logs = true)
      : console_(std::move(console)), show_logs_(show_logs) {}

  void on_train_begin(const TrainerEvent& event) override {
    training_ = true;
    first_step_ = event.state.global_step;
    start_ = Clock::now();
    draw(event, true);
  }
  void on_step_end(const TrainerEvent& event) override {
    draw(event, event.state.global_step >= event.state.max_steps);
  }
  void on_prediction_step(const TrainerEvent& event) override {
    // the first event comes after the first batch, so the rate is that of the batches after it
    if (event.batch == 1) prediction_start_ = Clock::now();
    if (due(event.batch == event.batches))
      console_->bar(detail::bar_text("evaluating ", event.batch, event.batches, seconds_since(prediction_start_), 1));
  }
  void on_evaluate(const TrainerEvent& event) override { after_prediction(event); }
  void on_predict(const TrainerEvent& event) override { after_prediction(event); }
  void on_log(const TrainerEvent& event) override {
    if (show_logs_) console_->line(detail::shown_entry(*event.logs));
  }
  void on_train_end(const TrainerEvent&) override {
    training_ = false;
    console_->bar({});
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  // A terminal needs no more than ten pictures a second.
  bool due(bool always) {
    if (!console_->terminal() || (!always && seconds_since(last_draw_) < 0.1)) return false;
    last_draw_ = Clock::now();
    return true;
  }
  void draw(const TrainerEvent& event, bool always) {
    if (!due(always)) return;
    console_->bar(
        detail::bar_text("", event.state.global_step, event.state.max_steps, seconds_since(start_), first_step_));
  }
  void after_prediction(const TrainerEvent& event) {
    if (training_) draw(event, true);
    else console_->bar({});
  }

  std::shared_ptr<Console> console_;
  bool show_logs_;
  bool training_ = false;
  std::int64_t first_step_ = 0;
  Clock::time_point start_{}, prediction_start_{}, last_draw_{};
};

/// Log entries as lines, nothing else.
class PrinterCallback : public TrainerCallback {
 public:
  explicit PrinterCallback(std::shared_ptr<Console> console = standard_console()) : console_(std::move(console)) {}
  void on_log(const TrainerEvent& event) override { console_->line(detail::shown_entry(*event.logs)); }

 private:
  std::shared_ptr<Console> console_;
};

/// One row per evaluation: Epoch (or Step) | Training Loss | Validation Loss | the other metrics. The training loss is
/// the last one that was logged, or "No log" if there was none yet.
class NotebookProgressCallback : public TrainerCallback {
 public:
  /// With `between_rows` the entries of the training loss are shown, too, when they are logged.
  explicit NotebookProgressCallback(std::shared_ptr<Console> console = standard_console(), bool between_rows = false)
      : console_(std::move(console)), between_rows_(between_rows) {}

  bool shows_logs() const override { return true; }

  void on_train_begin(const TrainerEvent& event) override {
    active_ = true;
    columns_.clear();
    titles_.clear();
    metrics_ = Json::object();
    training_loss_ = "No log";
    by_step_ = event.args.eval_strategy != IntervalStrategy::epoch;
  }
  void on_log(const TrainerEvent& event) override {
    if (!active_ || !event.logs->contains("loss")) return;
    training_loss_ = six_decimals(event.logs->at("loss"));
    if (event.args.eval_strategy == IntervalStrategy::no) row(event, Json::object());
    else if (between_rows_) console_->line(detail::shown_entry(*event.logs));
  }
  void on_evaluate(const TrainerEvent& event) override {
    if (!active_) return;
    for (const auto& [key, value] : event.metrics->items()) metrics_[key] = value;
    if (event.more_eval_datasets) return;  // one row for all of them
    row(event, metrics_);
    metrics_ = Json::object();
  }
  void on_train_end(const TrainerEvent&) override { active_ = false; }

 private:
  static std::string six_decimals(const Json& value) {
    if (!value.is_number()) return dump_json(value, {.indent = -1});
    if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
    return detail::fixed_text(value.get<double>(), 6);
  }

  // "eval_f1_macro" -> "F1 Macro", and of the data set news "eval_news_loss" -> "News Loss"
  static std::string title(std::string_view key) {
    if (key == "eval_loss") return "Validation Loss";
    if (key.starts_with("eval_")) key.remove_prefix(5);
    std::string text;
    for (const char c : key) {
      const bool first = text.empty() || text.back() == ' ';
      text += c == '_' ? ' ' : first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
  }

  static bool is_metric(const std::string& key) {
    return key != "epoch" && !key.starts_with("tl_") && !key.ends_with("_runtime") && !key.ends_with("_per_second");
  }

  void row(const TrainerEvent& event, const Json& metrics) {
    if (titles_.empty()) {
      titles_ = {by_step_ ? "Step" : "Epoch", "Training Loss"};
      for (const auto& [key, value] : metrics.items()) {
        if (!is_metric(key)) continue;
        columns_.push_back(key);
        titles_.push_back(title(key));
      }
      write(titles_);
    }
    const auto whole_epochs = static_cast<std::int64_t>(event.state.epoch.value_or(0.0));
    std::vector<std::string> cells{std::to_string(by_step_ ? event.state.global_step : whole_epochs), training_loss_};
    for (const auto& key : columns_) cells.push_back(metrics.contains(key) ? six_decimals(metrics.at(key)) : "");
    write(cells);
  }

  void write(const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t width = std::max<std::size_t>(titles_[i].size(), 8);
      if (i > 0) line += " | ";
      line += std::string(width > cells[i].size() ? width - cells[i].size() : 0, ' ') + cells[i];
    }
    console_->line(line);
  }

  std::shared_ptr<Console> console_;
  bool between_rows_;
  bool active_ = false, by_step_ = false;
  std::string training_loss_ = "No log";
  Json metrics_ = Json::object();     // of the present evaluation
  std::vector<std::string> columns_;  // keys of the metrics, in the order of the first evaluation
  std::vector<std::string> titles_;
};

}  // namespace tl
