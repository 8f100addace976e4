// scheduler.json: what a checkpoint says of the schedule, and the state of one that has a state.
#pragma once

#include <cmath>
#include <filesystem>
#include <map>
#include <string>

#include <tl/core/finite.hpp>
#include <tl/io/json_file.hpp>
#include <tl/optim/learning_rate_schedule.hpp>

namespace tl::detail {

/// Writes `about` and the schedule's state. Throws Error(io), Error(invalid_argument) for a number that is not finite.
inline void save_schedule(const std::filesystem::path& folder, const LearningRateSchedule& schedule, Json about) {
  Json state = Json::object();
  for (const auto& [key, value] : schedule.state()) {
    check(is_finite(value), ErrorCode::invalid_argument, "lr_scheduler ", schedule.name(),
          ": expected finite numbers in its state, got ", is_nan(value) ? std::abs(value) : value, " for ", key);
    state[key] = value;
  }
  if (!state.empty()) about["state"] = state;
  write_json(folder / "scheduler.json", about);
}

/// Restores the schedule's state, if the checkpoint was written under a schedule of the same name.
/// Throws Error(format) naming file and key.
inline void load_schedule(const std::filesystem::path& folder, LearningRateSchedule& schedule) {
  const auto path = folder / "scheduler.json";
  const Json json = read_json(path);
  check(json.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", json.type_name());
  std::string name;
  read_member(json, "lr_scheduler_type", name, path);
  if (name != schedule.name()) return;
  std::map<std::string, double> state;
  check(!json.contains("state") || json.at("state").is_object(), ErrorCode::format, path.native(),
        ", key \"state\": expected an object");
  if (json.contains("state"))
    for (const auto& [key, value] : json.at("state").items()) {
      check(value.is_number() && is_finite(value.get<double>()), ErrorCode::format, path.native(), ", key \"state\", ",
            key, ": expected a finite number");
      state[key] = value.get<double>();
    }
  if (state.empty() && schedule.state().empty()) return;
  try {
    schedule.load_state(state);
  } catch (const Error& error) {
    fail(error.code(), path.native(), ": ", error.what());
  }
}

}  // namespace tl::detail
