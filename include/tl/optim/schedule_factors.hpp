// The factors of the learning rate that the library's schedules multiply with. They use the reference's expressions in
// the reference's order, so that values agree to the last bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>

#include <tl/optim/learning_rate_schedule.hpp>
#include <tl/optim/scheduler_kwargs.hpp>

namespace tl {

/// What a schedule of the library is made from.
struct ScheduleOptions {
  double learning_rate = 5e-5;    ///< the base rate, that of the run
  std::int64_t warmup_steps = 0;  ///< updates that warm up
  std::int64_t total_steps = 0;   ///< updates of the run
  SchedulerKwargs kwargs{};
};

namespace detail {

/// The linear warm-up that most schedules begin with, then `decay`, a function of the step.
inline ScheduleFactor with_warmup(const ScheduleOptions& options, std::function<double(double t)> decay) {
  return [decay = std::move(decay), warmup = options.warmup_steps](std::int64_t step) {
    const double t = static_cast<double>(step);
    return step < warmup ? t / std::max(1.0, static_cast<double>(warmup)) : decay(t);
  };
}

/// The share of the steps after the warm-up that are done after t steps, a function of t.
inline auto schedule_progress(const ScheduleOptions& options) {
  const double w = static_cast<double>(options.warmup_steps), total = static_cast<double>(options.total_steps);
  return [w, total](double t) { return (t - w) / std::max(1.0, total - w); };
}

inline ScheduleFactor linear_factor(const ScheduleOptions& options, SchedulerArguments&) {
  const double w = static_cast<double>(options.warmup_steps), total = static_cast<double>(options.total_steps);
  return with_warmup(options, [=](double t) { return std::max(0.0, (total - t) / std::max(1.0, total - w)); });
}

inline ScheduleFactor constant_factor(const ScheduleOptions&, SchedulerArguments&) {
  return [](std::int64_t) { return 1.0; };
}

inline ScheduleFactor constant_with_warmup_factor(const ScheduleOptions& options, SchedulerArguments&) {
  return with_warmup(options, [](double) { return 1.0; });
}

inline ScheduleFactor cosine_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const double cycles = arguments.number("num_cycles").value_or(0.5);
  return with_warmup(options, [cycles, progress = schedule_progress(options)](double t) {
    return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * cycles * 2.0 * progress(t))));
  });
}

inline ScheduleFactor cosine_with_restarts_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const double cycles = arguments.number("num_cycles").value_or(1.0);
  return with_warmup(options, [cycles, progress = schedule_progress(options)](double t) {
    const double done = progress(t);
    if (done >= 1.0) return 0.0;
    return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * std::fmod(cycles * done, 1.0))));
  });
}

inline ScheduleFactor polynomial_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const double last = arguments.number("lr_end").value_or(1e-7), power = arguments.number("power").value_or(1.0);
  const double rate = options.learning_rate;
  check(rate > last, ErrorCode::invalid_argument,
        "lr_scheduler_type polynomial: expected a learning_rate above its final rate ", last, ", got ", rate);
  const double w = static_cast<double>(options.warmup_steps), total = static_cast<double>(options.total_steps);
  return with_warmup(options, [=](double t) {
    if (t > total || total <= w) return last / rate;
    return ((rate - last) * std::pow(1.0 - (t - w) / (total - w), power) + last) / rate;
  });
}

inline ScheduleFactor inverse_sqrt_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const double w = static_cast<double>(options.warmup_steps);
  const double timescale = arguments.number("timescale").value_or(options.warmup_steps > 0 ? w : 10000.0);
  check(timescale > 0, ErrorCode::invalid_argument, "lr_scheduler_kwargs: expected timescale to be above 0, got ",
        timescale);
  return with_warmup(options, [=](double t) { return 1.0 / std::sqrt((t + (timescale - w)) / timescale); });
}

/// The least factor of a cosine that does not end at 0: min_lr_rate, or min_lr as a share of the base rate.
inline double least_factor(std::string_view schedule, const ScheduleOptions& options, SchedulerArguments& arguments) {
  const auto rate = arguments.number("min_lr"), share = arguments.number("min_lr_rate");
  check(rate.has_value() != share.has_value(), ErrorCode::invalid_argument, "lr_scheduler_kwargs: expected one of ",
        "min_lr and min_lr_rate for the schedule ", schedule, ", got ", rate ? "both" : "none");
  check(share || options.learning_rate > 0, ErrorCode::invalid_argument, "lr_scheduler_type ", schedule,
        ": expected a learning_rate above 0 because min_lr is given, got ", options.learning_rate);
  return share ? *share : *rate / options.learning_rate;
}

inline ScheduleFactor cosine_with_min_lr_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const double cycles = arguments.number("num_cycles").value_or(0.5);
  const double least = least_factor("cosine_with_min_lr", options, arguments);
  return with_warmup(options, [cycles, least, progress = schedule_progress(options)](double t) {
    const double factor = 0.5 * (1.0 + std::cos(std::numbers::pi * cycles * 2.0 * progress(t)));
    return std::max(0.0, factor * (1.0 - least) + least);
  });
}

/// As cosine_with_min_lr, but the warm-up begins at warmup_lr_rate, or one step into it, and not at 0.
inline ScheduleFactor cosine_warmup_with_min_lr_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const double cycles = arguments.number("num_cycles").value_or(0.5);
  const double least = least_factor("cosine_warmup_with_min_lr", options, arguments);
  const auto first = arguments.number("warmup_lr_rate");
  const double w = static_cast<double>(options.warmup_steps), total = static_cast<double>(options.total_steps);
  return [=](std::int64_t step) {
    const double t = static_cast<double>(step);
    if (t < w) return first ? *first + (1.0 - *first) * t / std::max(1.0, w - 1.0) : (t + 1.0) / std::max(1.0, w);
    const double progress = (t - w + 1.0) / std::max(1.0, total - w);
    const double factor = 0.5 * (1.0 + std::cos(std::numbers::pi * cycles * 2.0 * progress));
    return std::max(0.0, factor * (1.0 - least) + least);
  };
}

inline ScheduleFactor warmup_stable_decay_factor(const ScheduleOptions& options, SchedulerArguments& arguments) {
  const auto decay_steps = arguments.count("num_decay_steps"), stable_steps = arguments.count("num_stable_steps");
  const std::string rise = arguments.choice("warmup_type", {"linear", "cosine", "1-sqrt"});
  const std::string fall = arguments.choice("decay_type", {"cosine", "linear", "1-sqrt"});
  const double least = arguments.number("min_lr_ratio").value_or(0.0);
  const double cycles = arguments.number("num_cycles").value_or(0.5);
  check(decay_steps.has_value(), ErrorCode::invalid_argument,
        "lr_scheduler_kwargs: expected num_decay_steps for the schedule warmup_stable_decay, got none");
  const double w = static_cast<double>(options.warmup_steps), total = static_cast<double>(options.total_steps);
  const double decay = *decay_steps, stable = stable_steps.value_or(total - w - decay);
  const auto scaled = [least](double factor) { return std::max(0.0, factor * (1.0 - least) + least); };
  return [=](std::int64_t step) {
    const double t = static_cast<double>(step);
    if (t < w) {
      const double progress = t / std::max(1.0, w);
      if (rise == "cosine") return scaled(0.5 * (1.0 - std::cos(std::numbers::pi * progress)));
      return scaled(rise == "linear" ? progress : 1.0 - std::sqrt(1.0 - progress));
    }
    if (t < w + stable) return 1.0;
    if (!(t < w + stable + decay)) return least;
    const double progress = (t - w - stable) / std::max(1.0, decay);
    if (fall == "cosine") return scaled(0.5 * (1.0 + std::cos(std::numbers::pi * cycles * 2.0 * progress)));
    return scaled(fall == "linear" ? 1.0 - progress : 1.0 - std::sqrt(progress));
  };
}

}  // namespace detail

}  // namespace tl
