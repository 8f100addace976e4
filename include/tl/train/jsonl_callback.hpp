// What a run logs as JSON lines: each is an entry of log_history as trainer_state.json has it, written when it is
// logged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/io/append_file.hpp>
#include <tl/io/json.hpp>
#include <tl/train/logging_folder.hpp>
#include <tl/train/trainer_callback.hpp>

namespace tl {

namespace detail {

/// How much of a log a run keeps that goes on after `step`: not the line that a full disk or a power cut left without
/// its end, and not the entries of later steps, which the run will write again.
inline std::size_t kept_log_size(std::string_view log, std::int64_t step) {
  std::size_t size = log.rfind('\n') + 1;  // 0 if there is none
  while (size > 0) {
    const std::size_t begin = size < 2 ? 0 : log.rfind('\n', size - 2) + 1;
    try {
      const Json entry = parse_json(log.substr(begin, size - begin), "log");
      const Json* const at = entry.is_object() ? find_member(entry, "step") : nullptr;
      if (at == nullptr || !at->is_number_integer() || at->get<std::int64_t>() <= step) break;
    } catch (const Error&) {
      break;  // not ours
    }
    size = begin;
  }
  return size;
}

}  // namespace detail

/// The reporter "jsonl": log.jsonl in the folder of the reporters, or log-2.jsonl if another run wrote that one.
class JsonlCallback : public TrainerCallback {
 public:
  /// Writes into `logging_dir`; by default where all reporters of the Trainer do.
  explicit JsonlCallback(std::filesystem::path logging_dir = {}) : folder_(std::move(logging_dir)) {}

  void on_train_begin(const TrainerEvent& event) override {
    if (!file_ || trained_) open(event);
    trained_ = true;
  }

  void on_log(const TrainerEvent& event) override {
    if (!file_) open(event);
    Json line = *event.logs;
    line["step"] = event.state.global_step;
    file_->append(dump_json(line, {.indent = -1}) + "\n");
  }

  std::string name() const override { return "JsonlReporter"; }
  Json state() const override {
    const std::string file = file_ ? file_->path().filename().string() : former_;
    return {{"args", Json::object()}, {"attributes", {{"run", folder_.run()}, {"file", file}}}};
  }
  void restore(const Json& state) override {
    const Json* const attributes = detail::find_member(state, "attributes");
    if (attributes == nullptr) return;
    folder_.restore(*attributes);
    if (const Json* const found = detail::find_member(*attributes, "file"); found != nullptr && found->is_string())
      former_ = found->get<std::string>();
    file_.reset();
  }

 private:
  /// Goes on with the file that the checkpoint names, or begins one.
  void open(const TrainerEvent& event) {
    const std::filesystem::path& folder = folder_.make(event);
    const std::string former = std::exchange(former_, {});
    if (detail::ReporterFolder::is_file_name(former) && former.ends_with(".jsonl") &&
        detail::path_exists(folder / former)) {
      const std::size_t kept = detail::kept_log_size(read_file(folder / former), event.state.global_step);
      file_.emplace(AppendFile::open(folder / former, kept));
      return;
    }
    file_ = AppendFile::create(folder / "log.jsonl");
    for (int number = 2; !file_; ++number) file_ = AppendFile::create(folder / str_cat("log-", number, ".jsonl"));
  }

  detail::ReporterFolder folder_;
  std::string former_;  // the name of the file of the run's earlier part
  std::optional<AppendFile> file_;
  bool trained_ = false;  // file_ is that of a train()
};

}  // namespace tl
