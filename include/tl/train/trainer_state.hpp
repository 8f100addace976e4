// TrainerState: how far a run has come, in the schema of the Python stack's trainer_state.json. TrainerControl: what
// callbacks ask the Trainer to do next.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tl/io/json_file.hpp>

namespace tl {

/// Requests of callbacks. The Trainer resets each one when it has fulfilled it.
struct TrainerControl {
  bool should_training_stop = false;
  bool should_epoch_stop = false;
  bool should_save = false;
  bool should_evaluate = false;
  bool should_log = false;
  bool should_interrupt = false;  ///< end after this step as if killed there, with a checkpoint if any are written
};

/// The content of trainer_state.json: counts, log and best checkpoint of a run.
struct TrainerState {
  static constexpr std::int64_t default_eval_steps = 500;

  std::optional<double> epoch{};  ///< epochs done, with the fraction of the current one; nothing before training
  std::int64_t global_step = 0;   ///< updates done
  std::int64_t max_steps = 0;     ///< updates of the whole run
  std::int64_t num_train_epochs = 0;
  std::int64_t logging_steps = 500;
  std::int64_t eval_steps = default_eval_steps;
  std::int64_t save_steps = 500;
  std::int64_t train_batch_size = 0;
  std::int64_t num_input_tokens_seen = 0;
  double total_flos = 0.0;  ///< 6 x tokens (padding counted as the reference pads) x parameters outside embeddings
  std::optional<double> best_metric{};
  std::optional<std::int64_t> best_global_step{};
  std::optional<std::string> best_model_checkpoint{};
  std::vector<Json> log_history{};           ///< every logged entry with its "step"
  Json stateful_callbacks = Json::object();  ///< what callbacks remember across a resume, by name

  Json to_json() const {
    return {{"best_global_step", detail::json_or_null(best_global_step)},
            {"best_metric", detail::json_or_null(best_metric)},
            {"best_model_checkpoint", detail::json_or_null(best_model_checkpoint)},
            {"epoch", detail::json_or_null(epoch)},
            {"eval_steps", eval_steps},
            {"global_step", global_step},
            {"is_hyper_param_search", false},
            {"is_local_process_zero", true},
            {"is_world_process_zero", true},
            {"log_history", log_history},
            {"logging_steps", logging_steps},
            {"max_steps", max_steps},
            {"num_input_tokens_seen", num_input_tokens_seen},
            {"num_train_epochs", num_train_epochs},
            {"save_steps", save_steps},
            {"stateful_callbacks", stateful_callbacks},
            {"total_flos", total_flos},
            {"train_batch_size", train_batch_size},
            {"trial_name", nullptr},
            {"trial_params", nullptr}};
  }

  /// Reads trainer_state.json. Throws Error(io) or Error(format) naming file and key.
  static TrainerState load(const std::filesystem::path& path) {
    const Json json = read_json(path);
    check(json.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", json.type_name());
    TrainerState state;
    Reader read{json, path};
    read("epoch", state.epoch);
    read("global_step", state.global_step);
    read("max_steps", state.max_steps);
    read("num_train_epochs", state.num_train_epochs);
    read("logging_steps", state.logging_steps);
    read("eval_steps", state.eval_steps);
    read("save_steps", state.save_steps);
    read("train_batch_size", state.train_batch_size);
    read("num_input_tokens_seen", state.num_input_tokens_seen);
    read("total_flos", state.total_flos);
    read("best_metric", state.best_metric);
    read("best_global_step", state.best_global_step);
    read("best_model_checkpoint", state.best_model_checkpoint);
    read("log_history", state.log_history);
    read("stateful_callbacks", state.stateful_callbacks);
    state.check_sense(path);
    return state;
  }

 private:
  /// Throws Error(format) for what no run can have written.
  void check_sense(const std::filesystem::path& path) const {
    const auto need = [&path](bool valid, const char* key, const auto& expected, const auto& got) {
      check(valid, ErrorCode::format, path.native(), ", key \"", key, "\": expected ", expected, ", got ", got);
    };
    need(global_step >= 0, "global_step", "0 or more", global_step);
    need(!epoch || (detail::is_finite(*epoch) && *epoch >= 0), "epoch", "a finite number of 0 or more",
         epoch.value_or(0.0));
    need(detail::is_finite(total_flos) && total_flos >= 0, "total_flos", "a finite number of 0 or more", total_flos);
    need(!best_global_step || (*best_global_step >= 0 && *best_global_step <= global_step), "best_global_step",
         str_cat("0 to global_step, ", global_step), best_global_step.value_or(0));
    for (const Json& entry : log_history)
      need(entry.is_object(), "log_history", "a list of objects", entry.type_name());
    need(stateful_callbacks.is_object(), "stateful_callbacks", "an object", stateful_callbacks.type_name());
  }

  struct Reader {
    const Json& json;
    const std::filesystem::path& path;

    template <class T> void operator()(const char* key, T& value) const { detail::read_member(json, key, value, path); }
    template <class T> void operator()(const char* key, std::optional<T>& value) const {
      if (const Json* const found = detail::find_member(json, key); found == nullptr || found->is_null())
        return value.reset();
      (*this)(key, value.emplace());
    }
  };
};

}  // namespace tl
