// Choice<Enum>: an argument that takes one of a few names. It is made from the enumerator or from its name, so that
// `.eval_strategy = "epoch"` reads as in the Python stack. A misspelt name is kept for the arguments' validate(), which
// knows the field and reports it beside all other problems; a use of it before that throws.
#pragma once

#include <string>
#include <string_view>

#include <tl/core/error.hpp>
#include <tl/optim/schedule.hpp>

namespace tl {

/// When something happens during training: never, every few steps, after each epoch, or (saving only) after each
/// evaluation that beat all former ones.
enum class IntervalStrategy { no, steps, epoch, best };

/// The name used in arguments and files, e.g. "epoch".
inline std::string_view to_string(IntervalStrategy strategy) {
  switch (strategy) {
    case IntervalStrategy::no: return "no";
    case IntervalStrategy::steps: return "steps";
    case IntervalStrategy::epoch: return "epoch";
    case IntervalStrategy::best: return "best";
  }
  return "?";
}

/// The strategy named `name`. Throws Error(invalid_argument) with the allowed names.
[[gnu::noinline]] inline IntervalStrategy interval_strategy(std::string_view name) {
  for (const auto strategy :
       {IntervalStrategy::no, IntervalStrategy::steps, IntervalStrategy::epoch, IntervalStrategy::best})
    if (to_string(strategy) == name) return strategy;
  fail(ErrorCode::invalid_argument, "strategy: expected one of no, steps, epoch, best, got ", name);
}

/// The order in which a run visits its rows: each epoch anew at random, as they are, or in batches of similar length.
enum class SamplingStrategy { random, sequential, group_by_length };

/// The name used in arguments and files.
inline std::string_view to_string(SamplingStrategy strategy) {
  switch (strategy) {
    case SamplingStrategy::random: return "random";
    case SamplingStrategy::sequential: return "sequential";
    case SamplingStrategy::group_by_length: return "group_by_length";
  }
  return "?";
}

/// The strategy named `name`. Throws Error(invalid_argument) with the allowed names.
[[gnu::noinline]] inline SamplingStrategy sampling_strategy(std::string_view name) {
  for (const auto strategy :
       {SamplingStrategy::random, SamplingStrategy::sequential, SamplingStrategy::group_by_length})
    if (to_string(strategy) == name) return strategy;
  fail(ErrorCode::invalid_argument,
       "train_sampling_strategy: expected one of random, sequential, group_by_length, got ", name);
}

namespace detail {
inline void parse_name(std::string_view name, SamplingStrategy& value) { value = sampling_strategy(name); }
inline void parse_name(std::string_view name, IntervalStrategy& value) { value = interval_strategy(name); }
inline void parse_name(std::string_view name, SchedulerType& value) { value = scheduler_type(name); }
}  // namespace detail

/// A value of an enum, set by itself or by its name.
template <class Enum> class Choice {
 public:
  Choice(Enum value) : value_(value) {}
  Choice(std::string_view name) {
    try {
      detail::parse_name(name, value_);
    } catch (const Error&) {
      known_ = false;
      unknown_name_ = name;
    }
  }
  Choice(const char* name) : Choice(std::string_view(name)) {}
  Choice(const std::string& name) : Choice(std::string_view(name)) {}

  operator Enum() const { return value(); }
  /// Throws Error(invalid_argument) with the allowed names if it was made from another one.
  Enum value() const {
    Enum value = value_;
    if (!known_) detail::parse_name(unknown_name_, value);
    return value;
  }

  /// False if it was made from a name that is none of the allowed ones.
  bool known() const { return known_; }
  /// The name, also one that is not known.
  std::string_view name() const { return known_ ? to_string(value_) : unknown_name_; }

 private:
  Enum value_{};
  bool known_ = true;
  std::string unknown_name_;
};

/// The name of the value.
template <class Enum> std::string_view to_string(const Choice<Enum>& choice) { return choice.name(); }

}  // namespace tl
