// From where a run goes on: the newest checkpoint that is whole, and where the best one of a run is now. What is
// damaged or gone here never ends a run that could go on; it is said.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/train/checkpoint.hpp>
#include <tl/train/checkpoint_checksums.hpp>
#include <tl/train/trainer_state.hpp>

namespace tl {

namespace detail {

/// Takes one sentence about something that a run survives.
using Warn = std::function<void(const std::string&)>;

/// Throws Error if the weights in `folder` cannot be read; formats of a model's own are left to it.
inline void check_weight_files(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
    if (std::filesystem::exists(folder / name, ignored)) {
      const SafetensorsReader opened(folder);
      return;
    }
}

/// What `look` throws, or an empty text.
template <class Look> std::string complaint_of(Look&& look) {
  try {
    look();
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// Why a run cannot go on from `folder`, as far as its files tell; empty if it can.
inline std::string why_not_resumable(const std::filesystem::path& folder) {
  return complaint_of([&] {
    check_checkpoint(folder);
    static_cast<void>(load_progress(folder));
    static_cast<void>(TrainerState::load(folder / "trainer_state.json"));
    const SafetensorsReader moments(folder / "optimizer.safetensors");
    check_weight_files(folder);
    verify_checksums(folder);
  });
}

/// Why `folder` is not the checkpoint of update `step` with weights that can be read; empty if it is.
inline std::string why_not_loadable(const std::filesystem::path& folder, std::int64_t step) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return str_cat(folder.native(), " is not there");
  return complaint_of([&] {
    const TrainerState state = TrainerState::load(folder / "trainer_state.json");
    check(state.global_step == step, ErrorCode::format, folder.native(), ": expected the checkpoint of step ", step,
          ", got that of step ", state.global_step);
    check_weight_files(folder);
    verify_checksums(folder);
  });
}

/// The checkpoint with the highest number in `output_dir` from which a run can go on; those with higher numbers are
/// named in one warning. Throws Error(not_found) if there is none.
inline std::filesystem::path newest_complete_checkpoint(const std::filesystem::path& output_dir, const Warn& warn) {
  std::vector<std::filesystem::path> folders = sorted_checkpoints(output_dir);
  std::sort(folders.begin(), folders.end(),
            [](const auto& a, const auto& b) { return checkpoint_number(a) > checkpoint_number(b); });
  std::string passed_over;
  for (const auto& folder : folders) {
    const std::string reason = why_not_resumable(folder);
    if (!reason.empty()) {
      passed_over += str_cat(passed_over.empty() ? "" : "; ", folder.filename().native(), ": ", reason);
      continue;
    }
    if (!passed_over.empty())
      warn(str_cat("resume_from_checkpoint: going on from ", folder.native(), "; passed over ", passed_over));
    return folder;
  }
  check(passed_over.empty(), ErrorCode::not_found, "resume_from_checkpoint: expected a whole checkpoint in ",
        output_dir.native(), ", there is none: ", passed_over);
  return last_checkpoint(output_dir);  // says that there is none at all
}

/// Makes a state that was resumed from `checkpoint` name its best checkpoint where that is now: beside `checkpoint`, in
/// `output_dir`, or where it was. If it is in none of them, or damaged, the state has no best any more, with a warning.
inline void find_best_checkpoint(TrainerState& state, const std::filesystem::path& checkpoint,
                                 const std::filesystem::path& output_dir, const Warn& warn) {
  if (!state.best_global_step || !state.best_model_checkpoint) return;
  const std::filesystem::path former = *state.best_model_checkpoint;
  const std::string name = str_cat("checkpoint-", *state.best_global_step);
  std::string reason;
  for (const auto& folder : {folder_with_name(checkpoint).parent_path() / name, output_dir / name, former}) {
    std::string complaint = why_not_loadable(folder, *state.best_global_step);
    if (complaint.empty()) {
      if (!same_folder(folder, former)) state.best_model_checkpoint = folder.string();
      return;
    }
    std::error_code ignored;
    if (reason.empty() || std::filesystem::exists(folder, ignored)) reason = std::move(complaint);
  }
  warn(str_cat("the best checkpoint of this run, ", former.native(), ", cannot be used (", reason,
               "); there is no best one until the next evaluation"));
  state.best_metric.reset();
  state.best_global_step.reset();
  state.best_model_checkpoint.reset();
}

}  // namespace detail

}  // namespace tl
