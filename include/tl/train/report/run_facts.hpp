// What the report says of the process and the run besides its log.
#pragma once

#include <sys/resource.h>
#include <sys/utsname.h>

#include <ctime>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tl/core/parallel.hpp>
#include <tl/io/json.hpp>
#include <tl/train/model_card.hpp>
#include <tl/train/report/evaluation_summary.hpp>
#include <tl/train/trainer_base.hpp>
#include <tl/version.hpp>

namespace tl::detail::report {

/// "2026-12-01 09:30", the time here.
inline std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local));
}

/// The most memory that this process had so far, in bytes.
inline std::int64_t peak_memory() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<std::int64_t>(usage.ru_maxrss) * 1024 : 0;
}

inline Json versions() {
  Json versions = {{"tl", version}, {"compiler", __VERSION__}, {"C++", __cplusplus}};
#ifdef NLOHMANN_JSON_VERSION_MAJOR
  versions["nlohmann_json"] =
      str_cat(NLOHMANN_JSON_VERSION_MAJOR, '.', NLOHMANN_JSON_VERSION_MINOR, '.', NLOHMANN_JSON_VERSION_PATCH);
#endif
  utsname system{};
  if (::uname(&system) == 0)
    versions["system"] = escape_invalid_utf8(str_cat(system.sysname, ' ', system.release, ' ', system.machine));
  return versions;
}

inline Json machine(const TrainingArguments& args) {
  return {{"device", str_cat(args.device())}, {"threads", num_threads()}};
}

/// Counts of trainer_state.json that the page shows.
inline Json state_json(const TrainerState& state) {
  return {{"epoch", json_or_null(state.epoch)},
          {"global_step", state.global_step},
          {"max_steps", state.max_steps},
          {"best_metric", json_or_null(state.best_metric)},
          {"best_global_step", json_or_null(state.best_global_step)}};
}

inline Json model_json(const Model& model) {
  return {{"class", model.class_name()}, {"parameters", model.parameters().count()}};
}

/// Tokens of each row of a tokenised Dataset; empty for other rows, of which only batches are known.
inline std::vector<std::int64_t> lengths_of(const RowSource& rows) {
  std::vector<std::int64_t> lengths;
  if (!rows.dataset() || !rows.dataset()->has_column("input_ids") ||
      rows.dataset()->column_type("input_ids") != ColumnType::list_int32)
    return lengths;
  for (const auto& ids : rows.dataset()->column<std::vector<std::int32_t>>("input_ids"))
    lengths.push_back(std::ssize(ids));
  return lengths;
}

/// What was evaluated, of an event on_evaluate with predictions.
inline Evaluated evaluated_of(const TrainerEvent& event) {
  Evaluated evaluated{*event.prediction, event.eval_rows};
  if (event.options != nullptr && *event.options->processing_class)
    evaluated.tokenizer = &**event.options->processing_class;
  if (event.model == nullptr) return evaluated;
  evaluated.labels = event.model->config().label_names();
  if (const auto problem = event.model->problem_type()) evaluated.problem = *problem;
  return evaluated;
}

}  // namespace tl::detail::report
