// Checkpoint folders: what a run needs to go on as if it had never stopped. Beside the model's own files a checkpoint
// has optimizer.safetensors (both moments of every parameter under its name), scheduler.json, rng.json, progress.json,
// trainer_state.json, training_args.json and the checksums of all these. docs/checkpoints.md describes each.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/finite.hpp>
#include <tl/core/mt19937.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/own_names.hpp>
#include <tl/train/batch_settings.hpp>
#include <tl/train/optimizer_state.hpp>

namespace tl {

/// Where a run is inside its epoch, and the sums that the next log entry is made of.
struct ResumeState {
  std::int64_t epoch = 0;
  std::int64_t batches_done = 0;  ///< micro-batches of this epoch
  bool epoch_ended = false;       ///< what happens at the end of an epoch has happened
  std::uint64_t micro_batch = 0;  ///< micro-batches since the run began: the step of the dropout masks
  float loss_since_log = 0.0F;
  double loss_logged = 0.0;  ///< sum of losses up to the last log entry
  std::int64_t last_logged_step = 0;
  double grad_norm = std::numeric_limits<double>::quiet_NaN();  ///< of the last update; NaN: not computed
  double learning_rate = 0.0;                                   ///< of the last update
  std::int64_t skipped_updates = 0;  ///< in fp16, of gradients that were not finite; the schedule did not go on
  float loss_scale = 0.0F;           ///< in fp16; 0: there was none yet
  std::int32_t scale_age = 0;        ///< updates since the scale changed
  Mt19937::State generator{};        ///< draws batch orders by length
  Mt19937::State epoch_generator{};  ///< as it was when the epoch began
  BatchSettings batches{};           ///< what decides the batches
};

namespace detail {

inline Json generator_json(const Mt19937::State& state) {
  return {{"key", Json::array_t(state.key.begin(), state.key.end())},
          {"position", state.position},
          {"next_normal", json_or_null(state.next_normal)}};
}

inline Mt19937::State generator_state(const Json& json, const std::filesystem::path& path) {
  std::vector<std::uint32_t> key;
  Mt19937::State state;
  read_member(json, "key", key, path);
  read_member(json, "position", state.position, path);
  check(key.size() == state.key.size() && state.position <= Mt19937::words, ErrorCode::format, path.native(),
        ": expected 624 words and a position in [0, 624], got ", key.size(), " words and position ", state.position);
  std::copy(key.begin(), key.end(), state.key.begin());
  if (json.contains("next_normal") && json.at("next_normal").is_number())
    state.next_normal = json.at("next_normal").get<double>();
  return state;
}

/// Throws Error(format) for what no run can have written, e.g. more batches than its epoch has.
inline void check_progress(const ResumeState& progress, const std::filesystem::path& path) {
  const auto need = [&path](bool valid, const char* key, const auto& expected, const auto& got) {
    check(valid, ErrorCode::format, path.native(), ", key \"", key, "\": expected ", expected, ", got ", got);
  };
  const auto whole = [&need](const char* key, std::int64_t least, std::int64_t got) {
    need(got >= least, key, least == 0 ? "0 or more" : "1 or more", got);
  };
  const auto finite = [&need](const char* key, double got) { need(is_finite(got), key, "a finite number", got); };
  whole("epoch", 0, progress.epoch);
  whole("batches_done", 0, progress.batches_done);
  whole("last_logged_step", 0, progress.last_logged_step);
  whole("train_rows", 1, progress.batches.rows);
  whole("per_device_train_batch_size", 1, progress.batches.batch_size);
  whole("gradient_accumulation_steps", 1, progress.batches.accumulation);
  if (!progress.batches.sampler.empty()) whole("sampler_rows", 1, progress.batches.sampler_rows);
  finite("loss_since_log", static_cast<double>(progress.loss_since_log));
  finite("loss_logged", progress.loss_logged);
  finite("learning_rate", progress.learning_rate);
  need(progress.learning_rate >= 0, "learning_rate", "0 or more", progress.learning_rate);
  const bool any_norm = is_nan(progress.grad_norm) || is_finite(progress.grad_norm) || progress.loss_scale > 0.0F;
  need(!(progress.grad_norm < 0) && any_norm, "grad_norm", "NaN or a finite number of 0 or more", progress.grad_norm);
  whole("skipped_updates", 0, progress.skipped_updates);
  whole("scale_age", 0, progress.scale_age);
  finite("loss_scale", static_cast<double>(progress.loss_scale));
  need(progress.loss_scale >= 0.0F, "loss_scale", "0 or more", progress.loss_scale);
  const std::int64_t batches = progress.batches.batches();
  need(progress.batches_done <= batches, "batches_done",
       str_cat("at most ", batches, ", the batches of an epoch of ", progress.batches.epoch_rows(), " rows"),
       progress.batches_done);
  need(progress.micro_batch >= static_cast<std::uint64_t>(progress.batches_done), "micro_batch",
       str_cat("at least batches_done, ", progress.batches_done), progress.micro_batch);
}

inline void save_progress(const std::filesystem::path& folder, const ResumeState& progress) {
  Json json = {{"epoch", progress.epoch},
               {"batches_done", progress.batches_done},
               {"epoch_ended", progress.epoch_ended},
               {"micro_batch", progress.micro_batch},
               {"loss_since_log", progress.loss_since_log},
               {"loss_logged", progress.loss_logged},
               {"last_logged_step", progress.last_logged_step},
               {"grad_norm", progress.grad_norm},
               {"learning_rate", progress.learning_rate}};
  if (progress.loss_scale > 0.0F) {
    json["skipped_updates"] = progress.skipped_updates;
    json["loss_scale"] = progress.loss_scale;
    json["scale_age"] = progress.scale_age;
  }
  write_batch_settings(json, progress.batches);
  write_json(folder / "progress.json", json, {.sort_keys = false});
  write_json(folder / "rng.json",
             {{"generator", generator_json(progress.generator)},
              {"epoch_generator", generator_json(progress.epoch_generator)}},
             {.indent = -1, .sort_keys = false});
}

/// Throws Error(io) or Error(format) naming file and key.
inline ResumeState load_progress(const std::filesystem::path& folder) {
  ResumeState progress;
  const auto path = folder / "progress.json";
  const Json json = read_json(path);
  const auto read = [&](const char* key, auto& value) { read_member(json, key, value, path); };
  read("epoch", progress.epoch);
  read("batches_done", progress.batches_done);
  read("epoch_ended", progress.epoch_ended);
  read("micro_batch", progress.micro_batch);
  read("loss_since_log", progress.loss_since_log);
  read("loss_logged", progress.loss_logged);
  read("last_logged_step", progress.last_logged_step);
  read("grad_norm", progress.grad_norm);
  read("learning_rate", progress.learning_rate);
  if (json.contains("loss_scale")) {
    read("skipped_updates", progress.skipped_updates);
    read("loss_scale", progress.loss_scale);
    read("scale_age", progress.scale_age);
  }
  progress.batches = read_batch_settings(json, path);
  check_progress(progress, path);
  const auto rng_path = folder / "rng.json";
  const Json rng = read_json(rng_path);
  Json one;
  read_member(rng, "generator", one, rng_path);
  progress.generator = generator_state(one, rng_path);
  read_member(rng, "epoch_generator", one, rng_path);
  progress.epoch_generator = generator_state(one, rng_path);
  return progress;
}

}  // namespace detail

/// About how large a checkpoint is: the weights and, unless `only_model`, the buffers of the optimizer for what is
/// trained, of which AdamW has two.
inline std::uintmax_t checkpoint_bytes(const ParameterSpace<float>& parameters, bool only_model,
                                       std::int64_t buffers = 2) {
  return sizeof(float) *
         static_cast<std::uintmax_t>(parameters.size() + (only_model ? 0 : buffers * parameters.trainable_end()));
}

namespace detail {

/// The N of a folder named checkpoint-N, or nothing.
inline std::optional<std::int64_t> checkpoint_number(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  constexpr std::string_view prefix = "checkpoint-";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int64_t number = 0;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + prefix.size(), end, number);
  if (result.ec != std::errc{} || result.ptr != end || number < 0) return std::nullopt;
  return number;
}

/// The folders checkpoint-N in `output_dir` in the order of their numbers.
inline std::vector<std::filesystem::path> sorted_checkpoints(const std::filesystem::path& output_dir) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(output_dir, error)) {
    std::error_code ignored;
    if (checkpoint_number(entry.path()) && entry.is_directory(ignored)) found.push_back(entry.path());
  }
  std::vector<std::filesystem::path> sorted;
  for (const std::int64_t i : argsort(found.size(), [&](std::int64_t a, std::int64_t b) {
         return checkpoint_number(found[static_cast<std::size_t>(a)]) <
                checkpoint_number(found[static_cast<std::size_t>(b)]);
       }))
    sorted.push_back(found[static_cast<std::size_t>(i)]);
  return sorted;
}

/// Whether `folder` is one that a Trainer wrote, ours or the reference's: a folder, not a link to one, with a
/// trainer_state.json. Nothing else is ever replaced or deleted.
inline bool is_checkpoint(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::is_directory(std::filesystem::symlink_status(folder, error)) &&
         std::filesystem::is_regular_file(std::filesystem::symlink_status(folder / "trainer_state.json", error));
}

/// Where a checkpoint may be written: to `folder`, if nothing is there, or an empty folder, or a former checkpoint;
/// else to "checkpoint-N-beside" (or "-beside-2", ...), which no later run resumes from by itself or deletes.
inline std::filesystem::path place_for_checkpoint(const std::filesystem::path& folder) {
  std::filesystem::path place = folder;
  for (int number = 1;; ++number) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(place, error);
    if (!std::filesystem::exists(status) || is_checkpoint(place)) return place;
    if (std::filesystem::is_directory(status) && std::filesystem::is_empty(place, error)) return place;
    place = str_cat(folder.native(), number == 1 ? "-beside" : str_cat("-beside-", number));
  }
}

/// The checkpoint with the highest number. Throws Error(not_found) if there is none.
inline std::filesystem::path last_checkpoint(const std::filesystem::path& output_dir) {
  const auto sorted = sorted_checkpoints(output_dir);
  check(!sorted.empty(), ErrorCode::not_found, "resume_from_checkpoint: expected a folder checkpoint-N in ",
        output_dir.native(), ", there is none");
  return sorted.back();
}

/// True if both paths name the same existing folder.
inline bool same_folder(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error) && !error;
}

/// Throws Error(not_found) that names every file a checkpoint lacks for resuming.
inline void check_checkpoint(const std::filesystem::path& folder) {
  std::error_code ignored;
  check(std::filesystem::is_directory(folder, ignored), ErrorCode::not_found,
        "resume_from_checkpoint: expected a folder, ", folder.native(),
        std::filesystem::exists(folder, ignored) ? " is a file" : " is not there");
  const auto has = [&](const char* name) { return std::filesystem::exists(folder / name, ignored); };
  std::string missing;
  for (const char* name :
       {"trainer_state.json", "progress.json", "rng.json", "scheduler.json", "optimizer.safetensors"})
    if (!has(name)) missing += str_cat(missing.empty() ? "" : ", ", name);
  if (missing.empty()) return;  // then the model itself knows what else it needs
  if (!has("model.safetensors") && !has("model.safetensors.index.json")) missing += ", model.safetensors";
  const char* why =
      has("optimizer.pt") ? "; it was written by Python, load its weights with from_pretrained and train afresh"
      : has("trainer_state.json") && has("model.safetensors") ? "; it is damaged, or was written with save_only_model"
                                                              : "; it is not complete, choose another checkpoint";
  fail(ErrorCode::not_found, "cannot resume from ", folder.native(), ": missing ", missing, why);
}

/// Removes a checkpoint so that a run killed meanwhile leaves no half of it under its name. Empty, or a sentence about
/// what could not be removed: nothing that should end a run.
inline std::string remove_checkpoint(const std::filesystem::path& folder) {
  const std::string name = folder.filename().native();
  const std::string hidden = OwnName::make(name, OwnName::deleted);
  const FileDescriptor parent = open_folder(parent_folder(folder));
  if (parent.get() < 0 || ::renameat(parent.get(), name.c_str(), parent.get(), hidden.c_str()) != 0)
    return str_cat("cannot delete ", folder.native(), ": ", std::generic_category().message(errno));
  ::fsync(parent.get());  // else a power cut could bring back the name without all of the files
  const int error = remove_tree(parent.get(), hidden);
  if (error == 0) return {};
  return str_cat("cannot delete all of ", folder.native(), ": ", std::generic_category().message(error),
                 "; what is left is ", (parent_folder(folder) / hidden).native());
}

/// Deletes the oldest checkpoints beyond `limit`, never `best` nor that of update `newest`, the last one written; with
/// limit 1 both may stay. Clocks do not count: those with a higher number than `newest` are of an earlier run and the
/// oldest, the others are as old as their numbers say. Returns a sentence for each that could not be deleted.
inline std::vector<std::string> rotate_checkpoints(const std::filesystem::path& output_dir, std::int64_t limit,
                                                   const std::optional<std::string>& best, std::int64_t newest) {
  std::vector<std::filesystem::path> oldest_first;
  std::size_t spared = 0;
  const auto sorted = sorted_checkpoints(output_dir);
  for (const bool of_earlier_run : {true, false})
    for (const auto& folder : sorted) {
      const std::int64_t number = checkpoint_number(folder).value_or(0);
      if ((number > newest) != of_earlier_run || !is_checkpoint(folder)) continue;
      if (number == newest || (best && same_folder(folder, *best))) ++spared;
      else oldest_first.push_back(folder);
    }
  const std::size_t kept = std::max(spared, static_cast<std::size_t>(limit)) - spared;
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i + kept < oldest_first.size(); ++i)
    if (std::string warning = remove_checkpoint(oldest_first[i]); !warning.empty())
      warnings.push_back(std::move(warning));
  return warnings;
}

}  // namespace detail

}  // namespace tl
