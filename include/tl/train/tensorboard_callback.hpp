// What a run logs as event files for TensorBoard, under the tags of the Python stack: train/loss, eval/accuracy; the
// arguments and the model's configuration as texts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/io/event_file.hpp>
#include <tl/io/json.hpp>
#include <tl/models/model.hpp>
#include <tl/train/argument_fields.hpp>
#include <tl/train/logging_folder.hpp>
#include <tl/train/trainer_callback.hpp>

namespace tl {

namespace detail {

/// "eval/loss" of "eval_loss", "test/loss" of "test_loss", "train/loss" of "loss".
inline std::string tensorboard_tag(std::string_view name) {
  for (const std::string_view split : {"eval", "test"})
    if (name.starts_with(split) && name.substr(split.size()).starts_with('_'))
      return str_cat(split, '/', name.substr(split.size() + 1));
  return str_cat("train/", name);
}

}  // namespace detail

/// The reporter "tensorboard". Each train() writes a file of its own; a resumed one says in it from which step on the
/// earlier files no longer count.
class TensorBoardCallback : public TrainerCallback {
 public:
  /// Writes into `logging_dir`; by default where all reporters of the Trainer do.
  explicit TensorBoardCallback(std::filesystem::path logging_dir = {}) : folder_(std::move(logging_dir)) {}

  void on_train_begin(const TrainerEvent& event) override {
    if (!file_ || trained_) file_.emplace(folder_.make(event));
    trained_ = true;
    if (event.state.global_step > 0) file_->start_session(event.state.global_step + 1);
    file_->add_text("args", dump_json(to_json(event.args), {.sort_keys = false}));
    if (event.model != nullptr)
      if (const Json config = event.model->config_json(); !config.is_null())
        file_->add_text("model_config", dump_json(config));
    file_->flush();
  }

  void on_log(const TrainerEvent& event) override {
    if (!file_) file_.emplace(folder_.make(event));
    for (const auto& [name, value] : event.logs->items())
      if (!name.starts_with("tl_")) add(detail::tensorboard_tag(name), value, event.state.global_step);
    file_->flush();
  }

  std::string name() const override { return "TensorBoardReporter"; }
  Json state() const override { return {{"args", Json::object()}, {"attributes", {{"run", folder_.run()}}}}; }
  void restore(const Json& state) override {
    if (const Json* const attributes = detail::find_member(state, "attributes")) folder_.restore(*attributes);
  }

 private:
  void add(const std::string& tag, const Json& value, std::int64_t step) {
    if (value.is_number()) file_->add_scalar(tag, value.get<double>(), step);
    else if (value.is_boolean()) file_->add_scalar(tag, value.get<bool>() ? 1.0 : 0.0, step);
    else if (value.is_string()) file_->add_text(tag, value.get<std::string>(), step);
  }

  detail::ReporterFolder folder_;
  std::optional<EventFile> file_;
  bool trained_ = false;  // file_ is that of a train()
};

}  // namespace tl
