// Learning-rate schedules by name: the rate of the update that follows t others, as the reference computes it. With
// warm-up the rate rises linearly from 0, so the very first update has learning rate 0.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tl/optim/greedy_lr.hpp>
#include <tl/optim/learning_rate_schedule.hpp>
#include <tl/optim/reduce_lr_on_plateau.hpp>
#include <tl/optim/schedule_factors.hpp>

namespace tl {

/// The schedules of a learning rate, by the names of the reference.
enum class SchedulerType {
  linear,
  cosine,
  cosine_with_restarts,
  polynomial,
  constant,
  constant_with_warmup,
  inverse_sqrt,
  reduce_lr_on_plateau,
  cosine_with_min_lr,
  cosine_warmup_with_min_lr,
  warmup_stable_decay,
  greedy,
};

namespace detail {

struct ScheduleEntry {
  SchedulerType type;
  std::string_view name;
  ScheduleFactor (*factor)(const ScheduleOptions&, SchedulerArguments&);  ///< null: it is no function of the step
};

inline constexpr ScheduleEntry schedule_entries[] = {
    {SchedulerType::linear, "linear", linear_factor},
    {SchedulerType::cosine, "cosine", cosine_factor},
    {SchedulerType::cosine_with_restarts, "cosine_with_restarts", cosine_with_restarts_factor},
    {SchedulerType::polynomial, "polynomial", polynomial_factor},
    {SchedulerType::constant, "constant", constant_factor},
    {SchedulerType::constant_with_warmup, "constant_with_warmup", constant_with_warmup_factor},
    {SchedulerType::inverse_sqrt, "inverse_sqrt", inverse_sqrt_factor},
    {SchedulerType::reduce_lr_on_plateau, "reduce_lr_on_plateau", nullptr},
    {SchedulerType::cosine_with_min_lr, "cosine_with_min_lr", cosine_with_min_lr_factor},
    {SchedulerType::cosine_warmup_with_min_lr, "cosine_warmup_with_min_lr", cosine_warmup_with_min_lr_factor},
    {SchedulerType::warmup_stable_decay, "warmup_stable_decay", warmup_stable_decay_factor},
    {SchedulerType::greedy, "greedy", nullptr},
};

}  // namespace detail

/// The name used in arguments and files, e.g. "constant_with_warmup".
inline std::string_view to_string(SchedulerType type) {
  for (const auto& entry : detail::schedule_entries)
    if (entry.type == type) return entry.name;
  return "?";
}

/// The type named `name`. Throws Error(invalid_argument) with the allowed names.
inline SchedulerType scheduler_type(std::string_view name) {
  std::string names;
  for (const auto& entry : detail::schedule_entries) {
    if (entry.name == name) return entry.type;
    names += str_cat(names.empty() ? "" : ", ", entry.name);
  }
  fail(ErrorCode::invalid_argument, "lr_scheduler_type: expected one of ", names, ", got ", name);
}

/// Whether a schedule goes by a metric of the evaluations, and so needs some.
inline bool follows_metric(SchedulerType type) {
  return type == SchedulerType::reduce_lr_on_plateau || type == SchedulerType::greedy;
}

/// The schedule `type` of a run. Throws Error(invalid_argument) for arguments that it does not have, for values out of
/// range, and for a polynomial that begins below the rate it ends with.
inline std::shared_ptr<LearningRateSchedule> make_schedule(SchedulerType type, const ScheduleOptions& options) {
  if (type == SchedulerType::greedy) return std::make_shared<GreedyLR>(options.kwargs);
  if (type == SchedulerType::reduce_lr_on_plateau) return std::make_shared<ReduceLROnPlateau>(options.kwargs);
  for (const auto& entry : detail::schedule_entries) {
    if (entry.type != type) continue;
    detail::SchedulerArguments arguments(entry.name, options.kwargs);
    ScheduleFactor factor = entry.factor(options, arguments);
    arguments.finish();
    return std::make_shared<LambdaSchedule>(std::move(factor), std::string(entry.name));
  }
  fail(ErrorCode::invalid_argument, "make_schedule: expected a SchedulerType, got the number ", static_cast<int>(type));
}

}  // namespace tl
