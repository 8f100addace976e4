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
#include <tl/io/safetensors.hpp>
#include <tl/optim/adamw.hpp>

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
  Mt19937::State generator{};                                   ///< draws batch orders by length
  Mt19937::State epoch_generator{};                             ///< as it was when the epoch began

  // what must be the same for a resumed run to see the same batches
  std::int64_t rows = 0, batch_size = 0, accumulation = 0, seed = 0, data_seed = 0;
  bool group_by_length = false, drop_last = false;
  std::uint64_t fingerprint = 0;  ///< of the training rows; 0: not known, as in checkpoints of earlier versions
};

namespace detail {

/// What must be the same for a resumed run to see the same batches.
inline Json data_settings(const ResumeState& progress) {
  return {{"train_rows", progress.rows},
          {"per_device_train_batch_size", progress.batch_size},
          {"gradient_accumulation_steps", progress.accumulation},
          {"seed", progress.seed},
          {"data_seed", progress.data_seed},
          {"group_by_length", progress.group_by_length},
          {"dataloader_drop_last", progress.drop_last}};
}

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
  const auto need = [&path](bool sound, const char* key, const auto& expected, const auto& got) {
    check(sound, ErrorCode::format, path.native(), ", key \"", key, "\": expected ", expected, ", got ", got);
  };
  const auto whole = [&need](const char* key, std::int64_t least, std::int64_t got) {
    need(got >= least, key, least == 0 ? "0 or more" : "1 or more", got);
  };
  const auto finite = [&need](const char* key, double got) {
    need(detail::is_finite(got), key, "a finite number", got);
  };
  whole("epoch", 0, progress.epoch);
  whole("batches_done", 0, progress.batches_done);
  whole("last_logged_step", 0, progress.last_logged_step);
  whole("train_rows", 1, progress.rows);
  whole("per_device_train_batch_size", 1, progress.batch_size);
  whole("gradient_accumulation_steps", 1, progress.accumulation);
  finite("loss_since_log", static_cast<double>(progress.loss_since_log));
  finite("loss_logged", progress.loss_logged);
  finite("learning_rate", progress.learning_rate);
  need(progress.learning_rate >= 0, "learning_rate", "0 or more", progress.learning_rate);
  need(!(progress.grad_norm < 0) && (detail::is_nan(progress.grad_norm) || detail::is_finite(progress.grad_norm)),
       "grad_norm", "NaN or a finite number of 0 or more", progress.grad_norm);
  const bool short_batch = progress.rows % progress.batch_size != 0 && !progress.drop_last;
  const std::int64_t batches = progress.rows / progress.batch_size + (short_batch ? 1 : 0);
  need(progress.batches_done <= batches, "batches_done",
       str_cat("at most ", batches, ", the batches of an epoch of ", progress.rows, " rows"), progress.batches_done);
  need(progress.micro_batch >= static_cast<std::uint64_t>(progress.batches_done), "micro_batch",
       str_cat("at least batches_done, ", progress.batches_done), progress.micro_batch);
}

/// The part of a flat moment buffer that belongs to a named parameter.
[[gnu::noinline]] inline Tensor<float> moment_view(const Tensor<float>& moments,
                                                   const ParameterSpace<float>& parameters,
                                                   const NamedParameter<float>& part) {
  return moments.view(part.value().data() - parameters.values().data(), part.shape());
}

}  // namespace detail

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
  for (const auto settings = detail::data_settings(progress); const auto& [key, value] : settings.items())
    json[key] = value;
  json["train_fingerprint"] = progress.fingerprint;
  write_json(folder / "progress.json", json, {.sort_keys = false});
  write_json(folder / "rng.json",
             {{"generator", detail::generator_json(progress.generator)},
              {"epoch_generator", detail::generator_json(progress.epoch_generator)}},
             {.indent = -1, .sort_keys = false});
}

/// Throws Error(io) or Error(format) naming file and key.
inline ResumeState load_progress(const std::filesystem::path& folder) {
  ResumeState progress;
  const auto path = folder / "progress.json";
  const Json json = read_json(path);
  const auto read = [&](const char* key, auto& value) { detail::read_member(json, key, value, path); };
  read("epoch", progress.epoch);
  read("batches_done", progress.batches_done);
  read("epoch_ended", progress.epoch_ended);
  read("micro_batch", progress.micro_batch);
  read("loss_since_log", progress.loss_since_log);
  read("loss_logged", progress.loss_logged);
  read("last_logged_step", progress.last_logged_step);
  read("grad_norm", progress.grad_norm);
  read("learning_rate", progress.learning_rate);
  read("train_rows", progress.rows);
  read("per_device_train_batch_size", progress.batch_size);
  read("gradient_accumulation_steps", progress.accumulation);
  read("seed", progress.seed);
  read("data_seed", progress.data_seed);
  read("group_by_length", progress.group_by_length);
  read("dataloader_drop_last", progress.drop_last);
  if (json.contains("train_fingerprint")) read("train_fingerprint", progress.fingerprint);
  detail::check_progress(progress, path);
  const auto rng_path = folder / "rng.json";
  const Json rng = read_json(rng_path);
  Json one;
  detail::read_member(rng, "generator", one, rng_path);
  progress.generator = detail::generator_state(one, rng_path);
  detail::read_member(rng, "epoch_generator", one, rng_path);
  progress.epoch_generator = detail::generator_state(one, rng_path);
  return progress;
}

/// Writes exp_avg and exp_avg_sq of every trainable parameter as "{name}.exp_avg" and "{name}.exp_avg_sq", and the
/// number of updates as the tensor "step".
inline void save_optimizer(const std::filesystem::path& folder, AdamW<float>& optimizer,
                           const ParameterSpace<float>& parameters) {
  std::vector<SafetensorView> tensors;
  for (const auto& part : parameters.named()) {
    if (!part.parameter.trainable()) continue;
    for (const auto& [suffix, moments] :
         {std::pair(".exp_avg", optimizer.exp_avg()), std::pair(".exp_avg_sq", optimizer.exp_avg_sq())}) {
      const Tensor<float> view = detail::moment_view(moments, parameters, part);
      tensors.push_back(safetensor_view<float>(str_cat(part.name, suffix), view.shape(), view.span()));
    }
  }
  const std::int64_t steps = optimizer.steps();
  tensors.push_back(safetensor_view<std::int64_t>("step", Shape{}, std::span(&steps, 1)));
  write_safetensors(folder / "optimizer.safetensors", tensors, {{"format", "pt"}});
}

namespace detail {

/// Throws Error(invalid_argument) if other parameters were frozen when the moments were written.
inline void check_same_frozen(const std::filesystem::path& folder, const SafetensorsReader& moments,
                              const ParameterSpace<float>& parameters) {
  if (moments.find("step") == nullptr) return;  // not a whole file, which is said later
  std::vector<std::string> frozen, trained;
  for (const auto& part : parameters.named()) {
    const bool then = moments.find(str_cat(part.name, ".exp_avg")) != nullptr, now = part.parameter.trainable();
    if (then != now) (now ? frozen : trained).push_back(part.name);
  }
  std::string text;
  if (!frozen.empty()) text = str_cat("frozen then and trained now: ", module_names(frozen));
  if (!trained.empty())
    text += str_cat(text.empty() ? "" : "; ", "trained then and frozen now: ", module_names(trained));
  check(text.empty(), ErrorCode::invalid_argument, "cannot resume from ", folder.native(),
        ": expected the same parameters to be frozen as when it was written, got ", text);
}

}  // namespace detail

/// Throws Error(invalid_argument) if other parameters are frozen, Error(not_found) naming a tensor that is missing,
/// Error(shape) or Error(dtype) for one that does not fit.
inline void load_optimizer(const std::filesystem::path& folder, AdamW<float>& optimizer,
                           const ParameterSpace<float>& parameters) {
  const auto path = folder / "optimizer.safetensors";
  const SafetensorsReader reader(path);
  detail::check_same_frozen(folder, reader, parameters);
  for (const auto& part : parameters.named()) {
    if (!part.parameter.trainable()) continue;
    for (const auto& [suffix, moments] :
         {std::pair(".exp_avg", optimizer.exp_avg()), std::pair(".exp_avg_sq", optimizer.exp_avg_sq())}) {
      Tensor<float> view = detail::moment_view(moments, parameters, part);
      const SafetensorView& stored = reader.at(str_cat(part.name, suffix));
      check(stored.shape == view.shape(), ErrorCode::shape, path.native(), ", tensor ", stored.name,
            ": expected shape ", view.shape(), ", got ", stored.shape);
      read_floats(stored, view.span(), path.native());
      const auto span = view.span();
      check(std::all_of(span.begin(), span.end(), [](float value) { return detail::is_finite(value); }),
            ErrorCode::format, path.native(), ", tensor ", stored.name,
            ": expected finite values, got one that is not");
    }
  }
  const SafetensorView& step = reader.at("step");
  check(step.dtype == StoredDType::i64 && step.data.size() == sizeof(std::int64_t), ErrorCode::format, path.native(),
        ", tensor step: expected one I64, got ", to_string(step.dtype), step.shape);
  std::int64_t steps = 0;
  read_bytes(step, std::as_writable_bytes(std::span(&steps, 1)));
  optimizer.set_steps(steps);
}

/// About how large a checkpoint is: the weights and, unless `only_model`, both moments of what is trained.
inline std::uintmax_t checkpoint_bytes(const ParameterSpace<float>& parameters, bool only_model) {
  return sizeof(float) *
         static_cast<std::uintmax_t>(parameters.size() + (only_model ? 0 : 2 * parameters.trainable_end()));
}

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

/// What of the data settings is not as it was, e.g. "seed was 42 and is 43"; empty if the batches will be the same.
inline std::string data_differences(const ResumeState& then, const ResumeState& now) {
  const Json former = detail::data_settings(then), present = detail::data_settings(now);
  std::string text;
  for (const auto& [key, is] : present.items())
    if (const Json& was = former.at(key); was != is)
      text += str_cat(text.empty() ? "" : ", ", key, " was ", dump_json(was), " and is ", dump_json(is));
  if (then.fingerprint != 0 && then.fingerprint != now.fingerprint && then.rows == now.rows)
    text += str_cat(text.empty() ? "" : ", ", "the tokens or labels of train_dataset, or their order, were others");
  return text;
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
  const std::string hidden = detail::OwnName::make(name, detail::OwnName::deleted);
  const detail::FileDescriptor parent = detail::open_folder(detail::parent_folder(folder));
  if (parent.get() < 0 || ::renameat(parent.get(), name.c_str(), parent.get(), hidden.c_str()) != 0)
    return str_cat("cannot delete ", folder.native(), ": ", std::generic_category().message(errno));
  ::fsync(parent.get());  // else a power cut could bring back the name without all of the files
  const int error = detail::remove_tree(parent.get(), hidden);
  if (error == 0) return {};
  return str_cat("cannot delete all of ", folder.native(), ": ", std::generic_category().message(error),
                 "; what is left is ", (detail::parent_folder(folder) / hidden).native());
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

}  // namespace tl
