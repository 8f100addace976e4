// What the folder of a run says to the report.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <tl/io/json_file.hpp>
#include <tl/io/read_file.hpp>
#include <tl/train/checkpoint.hpp>
#include <tl/train/model_card.hpp>
#include <tl/train/report/run_facts.hpp>
#include <tl/train/trainer_state.hpp>

namespace tl::detail::report {

/// The values that the page `file` was made of: report.json for report.html.
inline std::filesystem::path values_file(std::filesystem::path file) { return file.replace_extension(".json"); }

/// A file of JSON that has to be an object; nothing if it is not there.
inline std::optional<Json> object_of_file(const std::filesystem::path& file) {
  if (!path_exists(file)) return {};
  Json json = read_json(file);
  check(json.is_object(), ErrorCode::format, file.native(), ": expected a JSON object, got ", json.type_name());
  return json;
}

/// trainer_state.json of the run, else that of its newest checkpoint; empty if there is neither.
inline std::filesystem::path state_file(const std::filesystem::path& folder) {
  if (path_exists(folder / "trainer_state.json")) return folder / "trainer_state.json";
  std::filesystem::path newest;
  std::int64_t last = -1;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto number = checkpoint_number(entry.path().filename().string());
    if (number && *number > last && path_exists(entry.path() / "trainer_state.json")) {
      last = *number;
      newest = entry.path() / "trainer_state.json";
    }
  }
  return newest;
}

/// A score of a class as eval_results.json has it, as the page takes it.
inline Json score_json(const std::string& name, const Json& scores) {
  return {{"name", name},
          {"precision", number_at(scores, "precision").value_or(0.0)},
          {"recall", number_at(scores, "recall").value_or(0.0)},
          {"f1", number_at(scores, "f1-score").value_or(0.0)},
          {"support", number_at(scores, "support").value_or(0.0)}};
}

/// Scores of classes and confusions that `--report` of the program wrote; nothing if it did not.
inline std::optional<Json> summary_of_results(const Json& results) {
  const Json &scores = object_at(results, "eval_classification_report"),
             &matrix = object_at(results, "eval_confusion_matrix");
  if (scores.empty() && matrix.empty()) return {};
  Json summary = {{"labels", list_at(matrix, "labels")},
                  {"confusion", list_at(matrix, "counts")},
                  {"classes", Json::array()},
                  {"averages", Json::array()}};
  for (const auto& [name, row] : scores.items()) {
    if (row.is_number()) summary[name] = row;
    else if (row.is_object()) summary[name.ends_with(" avg") ? "averages" : "classes"].push_back(score_json(name, row));
  }
  if (const auto rows = number_at(results, "eval_samples")) summary["rows"] = *rows;
  return summary;
}

/// Adds what the files of a finished run say and `run` does not.
inline void add_result_files(Json& run, const std::filesystem::path& folder) {
  if (auto arguments = object_of_file(folder / "training_args.json"); arguments && !run.contains("arguments"))
    run["arguments"] = std::move(*arguments);
  if (!run.contains("model"))
    if (const auto config = object_of_file(folder / "config.json")) {
      const Json& classes = list_at(*config, "architectures");
      if (!classes.empty() && classes[0].is_string()) run["model"] = {{"class", classes[0]}};
    }
  if (!run.contains("evaluations"))
    if (const auto results = object_of_file(folder / "eval_results.json"))
      if (auto summary = summary_of_results(*results)) run["evaluations"]["eval"] = std::move(*summary);
  if (path_exists(folder / "README.md"))
    run["model_card"] = shortened(escape_invalid_utf8(read_file(folder / "README.md")), 100'000);
}

/// What is known of the run in `folder`. Throws Error(not_found) if there is none, Error(format) naming file and
/// problem.
inline Json run_of_folder(const std::filesystem::path& folder) {
  std::error_code error;
  check(std::filesystem::is_directory(folder, error), ErrorCode::not_found, folder.native(),
        ": expected the folder of a run, got ", path_exists(folder) ? "a file" : "nothing of that name");
  const std::filesystem::path values = folder / "report.json", states = state_file(folder);
  check(!states.empty() || path_exists(values), ErrorCode::not_found, folder.native(),
        ": expected the folder of a run, with trainer_state.json, a checkpoint or report.json; got none of them");
  Json run = object_of_file(values).value_or(Json::object());
  if (!states.empty()) {
    const TrainerState state = TrainerState::load(states);
    if (state.log_history.size() >= list_at(run, "log").size()) {
      run["log"] = state.log_history;
      run["state"] = state_json(state);
      run["finished"] = states.parent_path() == folder || state.global_step >= state.max_steps;
    }
  }
  run["name"] = card::one_line(card::name_of_folder(folder));
  run["written"] = time_now();
  add_result_files(run, folder);
  if (!run.contains("versions")) run["versions"] = {{"tl (of the report)", version}};
  return run;
}

}  // namespace tl::detail::report
