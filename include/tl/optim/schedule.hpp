// Learning-rate schedules: the factor of the base learning rate after t updates, as the reference computes it.
// With warm-up the factor rises linearly from 0, so the very first update has learning rate 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>

namespace tl {

enum class SchedulerType {
  linear,
  cosine,
  cosine_with_restarts,
  polynomial,
  constant,
  constant_with_warmup,
  inverse_sqrt,
};

/// The name used in arguments and files, e.g. "constant_with_warmup".
inline std::string_view to_string(SchedulerType type) {
  switch (type) {
    case SchedulerType::linear: return "linear";
    case SchedulerType::cosine: return "cosine";
    case SchedulerType::cosine_with_restarts: return "cosine_with_restarts";
    case SchedulerType::polynomial: return "polynomial";
    case SchedulerType::constant: return "constant";
    case SchedulerType::constant_with_warmup: return "constant_with_warmup";
    case SchedulerType::inverse_sqrt: return "inverse_sqrt";
  }
  return "?";
}

/// The type named `name`. Throws Error(invalid_argument) with the allowed names.
inline SchedulerType scheduler_type(std::string_view name) {
  for (const auto type :
       {SchedulerType::linear, SchedulerType::cosine, SchedulerType::cosine_with_restarts, SchedulerType::polynomial,
        SchedulerType::constant, SchedulerType::constant_with_warmup, SchedulerType::inverse_sqrt})
    if (to_string(type) == name) return type;
  fail(ErrorCode::invalid_argument,
       "lr_scheduler_type: expected one of linear, cosine, cosine_with_restarts, polynomial, constant, "
       "constant_with_warmup, inverse_sqrt, got ",
       name);
}

/// A schedule over `total_steps` updates, the first `warmup_steps` of which warm up. `learning_rate` is the base rate.
struct LearningRateSchedule {
  SchedulerType type = SchedulerType::linear;
  double learning_rate = 5e-5;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 0;

  /// Factor of the base rate when `step` updates have been made. Throws Error(invalid_argument) if a polynomial starts
  /// below the rate it ends with.
  double factor(std::int64_t step) const {
    const double t = static_cast<double>(step), w = static_cast<double>(warmup_steps);
    const double total = static_cast<double>(total_steps);
    if (type == SchedulerType::constant) return 1.0;
    if (step < warmup_steps) return t / std::max(1.0, w);
    const double progress = (t - w) / std::max(1.0, total - w);
    switch (type) {
      case SchedulerType::linear: return std::max(0.0, (total - t) / std::max(1.0, total - w));
      case SchedulerType::cosine: return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
      case SchedulerType::cosine_with_restarts:
        if (progress >= 1.0) return 0.0;
        return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * std::fmod(progress, 1.0))));
      case SchedulerType::polynomial: {
        const double last = 1e-7;
        check(learning_rate > last, ErrorCode::invalid_argument,
              "lr_scheduler_type polynomial: expected a learning rate above its final rate 1e-07, got ", learning_rate);
        if (step > total_steps || total_steps <= warmup_steps) return last / learning_rate;
        return ((learning_rate - last) * (1.0 - (t - w) / (total - w)) + last) / learning_rate;
      }
      case SchedulerType::inverse_sqrt: {
        const double timescale = warmup_steps > 0 ? w : 10000.0;
        return 1.0 / std::sqrt((t + timescale - w) / timescale);
      }
      case SchedulerType::constant:
      case SchedulerType::constant_with_warmup: return 1.0;
    }
    return 1.0;
  }

  /// The learning rate of the update number `step` (0-based).
  double at(std::int64_t step) const { return learning_rate * factor(step); }
};

}  // namespace tl
