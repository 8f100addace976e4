// Checkpoint folders: what a run needs to go on as if it had never stopped. Beside the model's own files a checkpoint
// has optimizer.safetensors (both moments of every parameter under its name), scheduler.json, rng.json, progress.json,
// trainer_state.json and training_args.json. docs/checkpoints.md describes each.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/core/order.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/optim/adamw.hpp>

namespace tl {

/// Where a run stands inside its epoch, and the sums that the next log entry is made of.
struct RunProgress {
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
inline Json data_settings(const RunProgress& progress) {
  return {{"train_rows", progress.rows},
          {"per_device_train_batch_size", progress.batch_size},
          {"gradient_accumulation_steps", progress.accumulation},
          {"seed", progress.seed},
          {"data_seed", progress.data_seed},
          {"group_by_length", progress.group_by_length},
          {"dataloader_drop_last", progress.drop_last}};
}

inline Json generator_json(const Mt19937::State& state) {
  return {{"key", Json::Array(state.key.begin(), state.key.end())},
          {"position", state.position},
          {"next_normal", state.next_normal}};
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

/// The part of a flat moment buffer that belongs to a named parameter.
[[gnu::noinline]] inline Tensor<float> moment_view(const Tensor<float>& moments,
                                                   const ParameterSpace<float>& parameters,
                                                   const NamedParameter<float>& part) {
  return moments.view(part.value().data() - parameters.values().data(), part.shape());
}

}  // namespace detail

inline void save_progress(const std::filesystem::path& folder, const RunProgress& progress) {
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
    json.append(key, value);
  json.append("train_fingerprint", progress.fingerprint);
  write_json(folder / "progress.json", json, {.sort_keys = false});
  write_json(folder / "rng.json",
             {{"generator", detail::generator_json(progress.generator)},
              {"epoch_generator", detail::generator_json(progress.epoch_generator)}},
             {.indent = -1, .sort_keys = false});
}

/// Throws Error(io) or Error(format) naming file and key.
inline RunProgress load_progress(const std::filesystem::path& folder) {
  RunProgress progress;
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
  check(progress.epoch >= 0 && progress.batches_done >= 0, ErrorCode::format, path.native(),
        ": expected epoch and batches_done of at least 0, got ", progress.epoch, " and ", progress.batches_done);
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
  std::vector<StoredTensor> tensors;
  for (const auto& part : parameters.named()) {
    if (!part.parameter.trainable()) continue;
    for (const auto& [suffix, moments] :
         {std::pair(".exp_avg", &optimizer.exp_avg()), std::pair(".exp_avg_sq", &optimizer.exp_avg_sq())}) {
      const Tensor<float> view = detail::moment_view(*moments, parameters, part);
      tensors.push_back(stored_tensor<float>(join(part.name, suffix), view.shape(), view.span()));
    }
  }
  const std::int64_t steps = optimizer.steps();
  tensors.push_back(stored_tensor<std::int64_t>("step", Shape{}, std::span(&steps, 1)));
  write_safetensors(folder / "optimizer.safetensors", tensors, {{"format", "pt"}});
}

/// Throws Error(not_found) naming a tensor that is missing, Error(shape) or Error(dtype) for one that does not fit.
inline void load_optimizer(const std::filesystem::path& folder, AdamW<float>& optimizer,
                           const ParameterSpace<float>& parameters) {
  const auto path = folder / "optimizer.safetensors";
  const SafetensorsReader reader(path);
  for (const auto& part : parameters.named()) {
    if (!part.parameter.trainable()) continue;
    for (const auto& [suffix, moments] :
         {std::pair(".exp_avg", &optimizer.exp_avg()), std::pair(".exp_avg_sq", &optimizer.exp_avg_sq())}) {
      Tensor<float> view = detail::moment_view(*moments, parameters, part);
      const StoredTensor& stored = reader.at(join(part.name, suffix));
      check(stored.shape == view.shape(), ErrorCode::shape, path.native(), ", tensor ", stored.name,
            ": expected shape ", view.shape(), ", got ", stored.shape);
      read_floats(stored, view.span(), path.native());
    }
  }
  const StoredTensor& step = reader.at("step");
  check(step.dtype == StoredDType::i64 && step.data.size() == sizeof(std::int64_t), ErrorCode::format, path.native(),
        ", tensor step: expected one I64, got ", to_string(step.dtype), step.shape);
  std::int64_t steps = 0;
  read_bytes(step, std::as_writable_bytes(std::span(&steps, 1)));
  optimizer.set_steps(steps);
}

/// About how large a checkpoint is: the weights and, unless `only_model`, both moments of what is trained.
inline std::uintmax_t checkpoint_bytes(const ParameterSpace<float>& parameters, bool only_model) {
  return sizeof(float) * static_cast<std::uintmax_t>(parameters.size() + (only_model ? 0 : 2 * parameters.trainable()));
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

/// The checkpoint folders in `output_dir`, oldest first: by time of change, or by number if all are of the same second.
inline std::vector<std::filesystem::path> sorted_checkpoints(const std::filesystem::path& output_dir) {
  std::vector<std::filesystem::path> found, sorted;
  std::vector<std::int64_t> times;  // in nanoseconds
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(output_dir, error)) {
    std::error_code ignored;
    if (!checkpoint_number(entry.path()) || !entry.is_directory(ignored)) continue;
    found.push_back(entry.path());
    times.push_back(std::chrono::nanoseconds(entry.last_write_time(ignored).time_since_epoch()).count());
  }
  if (found.empty()) return found;
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  const bool same_second = *last - *first < 1'000'000'000;
  for (const std::int64_t i : stable_order(found.size(), [&](std::int64_t a_, std::int64_t b_) {
         const auto a = static_cast<std::size_t>(a_), b = static_cast<std::size_t>(b_);
         if (!same_second && times[a] != times[b]) return times[a] < times[b];
         return checkpoint_number(found[a]) < checkpoint_number(found[b]);
       }))
    sorted.push_back(found[static_cast<std::size_t>(i)]);
  return sorted;
}

/// The checkpoint with the highest number. Throws Error(not_found) if there is none.
inline std::filesystem::path last_checkpoint(const std::filesystem::path& output_dir) {
  std::filesystem::path last;
  for (const auto& folder : sorted_checkpoints(output_dir))
    if (last.empty() || checkpoint_number(last) < checkpoint_number(folder)) last = folder;
  check(!last.empty(), ErrorCode::not_found, "resume_from_checkpoint: expected a folder checkpoint-N in ",
        output_dir.native(), ", there is none");
  return last;
}

/// What of the data settings is not as it was, e.g. "seed was 42 and is 43"; empty if the batches will be the same.
inline std::string data_differences(const RunProgress& then, const RunProgress& now) {
  const Json former = detail::data_settings(then), present = detail::data_settings(now);
  std::string text;
  for (const auto& [key, is] : present.items())
    if (const Json& was = former.at(key); was != is)
      text += join(text.empty() ? "" : ", ", key, " was ", dump_json(was), " and is ", dump_json(is));
  if (then.fingerprint != 0 && then.fingerprint != now.fingerprint && then.rows == now.rows)
    text += join(text.empty() ? "" : ", ", "the tokens or labels of train_dataset, or their order, were others");
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
    if (!has(name)) missing += join(missing.empty() ? "" : ", ", name);
  if (missing.empty()) return;  // then the model itself knows what else it needs
  if (!has("model.safetensors") && !has("model.safetensors.index.json")) missing += ", model.safetensors";
  const char* why =
      has("optimizer.pt") ? "; it was written by Python, load its weights with from_pretrained and train afresh"
      : has("trainer_state.json") && has("model.safetensors") ? "; it is damaged, or was written with save_only_model"
                                                              : "; it is not complete, choose another checkpoint";
  fail(ErrorCode::not_found, "cannot resume from ", folder.native(), ": missing ", missing, why);
}

/// Removes a checkpoint so that a run killed meanwhile leaves no half of it under its name.
inline void remove_checkpoint(const std::filesystem::path& folder) {
  const auto hidden = folder.parent_path() / join('.', folder.filename().native(), ".deleted");
  std::error_code error;
  std::filesystem::remove_all(hidden, error);
  std::filesystem::rename(folder, hidden, error);
  if (!error) std::filesystem::remove_all(hidden, error);
  check(!error, ErrorCode::io, "cannot remove ", folder.native(), ": ", error.message());
}

/// Deletes the oldest checkpoints beyond `limit`, never `best`; with limit 1 the best and the newest may both stay.
inline void rotate_checkpoints(const std::filesystem::path& output_dir, std::int64_t limit,
                               const std::optional<std::string>& best) {
  const auto sorted = sorted_checkpoints(output_dir);
  std::vector<std::filesystem::path> others;
  for (const auto& folder : sorted)
    if (!best || !same_folder(folder, *best)) others.push_back(folder);
  const bool best_is_older = others.size() < sorted.size() && !same_folder(sorted.back(), *best);
  const auto kept = static_cast<std::size_t>(limit == 1 && best_is_older ? 2 : limit);
  for (std::size_t i = 0; i < others.size() && i + kept < sorted.size(); ++i) remove_checkpoint(others[i]);
}

}  // namespace tl
