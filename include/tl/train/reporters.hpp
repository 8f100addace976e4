// What report_to asks for: the reporters of tl by their names, and those that a program registered.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/train/jsonl_callback.hpp>
#include <tl/train/reporter.hpp>
#include <tl/train/tensorboard_callback.hpp>

namespace tl {

namespace detail {

/// One of own_reporters; null: another name.
inline std::shared_ptr<TrainerCallback> make_own_reporter(std::string_view name) {
  if (name == "jsonl") return std::make_shared<JsonlCallback>();
  if (name == "tensorboard") return std::make_shared<TensorBoardCallback>();
  return nullptr;
}

/// What was registered under `name`, made; else one of tl's own.
inline std::shared_ptr<TrainerCallback> make_reporter(const std::string& name) {
  ReporterTable& table = reporter_table();
  std::function<std::shared_ptr<TrainerCallback>()> make;
  {
    const std::lock_guard lock(table.mutex);
    for (const Reporter& reporter : table.reporters)
      if (reporter.name == name) make = reporter.make;
  }
  std::shared_ptr<TrainerCallback> made = make ? make() : make_own_reporter(name);
  check(made != nullptr, ErrorCode::invalid_argument, "report_to: expected a callback from ", name,
        ", got a null pointer");
  return made;
}

}  // namespace detail

/// The callbacks that `report_to` asks for, made anew; "all" is every one there is. Throws Error(invalid_argument) with
/// report_to_problem().
inline std::vector<std::shared_ptr<TrainerCallback>> make_reporters(const ReportTo& report_to) {
  std::vector<std::shared_ptr<TrainerCallback>> made;
  if (report_to.none()) return made;
  const std::string problem = report_to_problem(report_to);
  check(problem.empty(), ErrorCode::invalid_argument, problem);
  for (const std::string& name : report_to.contains("all") ? reporter_names() : report_to.names())
    made.push_back(detail::make_reporter(name));
  return made;
}

}  // namespace tl
