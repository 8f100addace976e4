// The arguments of a learning-rate schedule by name, and their reader, which knows which ones a schedule has.
#pragma once

#include <cmath>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>

namespace tl {

/// A number or a text.
class SchedulerValue {
 public:
  template <class Number>
  requires(std::is_arithmetic_v<Number> && !std::same_as<Number, bool>) SchedulerValue(Number number)
      : number_(static_cast<double>(number)) {}
  SchedulerValue(const char* text) : text_(text) {}
  SchedulerValue(std::string text) : text_(std::move(text)) {}

  bool is_number() const { return !text_; }
  double number() const { return number_; }
  /// The text; empty for a number.
  std::string text() const { return text_.value_or(""); }
  /// As it is shown in sentences.
  std::string shown() const { return text_ ? *text_ : str_cat(number_); }

  friend bool operator==(const SchedulerValue&, const SchedulerValue&) = default;

 private:
  double number_ = 0.0;
  std::optional<std::string> text_;
};

/// Arguments of a schedule, e.g. {{"num_cycles", 3}} or {{"num_decay_steps", 100}, {"decay_type", "linear"}}.
using SchedulerKwargs = std::map<std::string, SchedulerValue, std::less<>>;

namespace detail {

/// Reads the arguments of one schedule. A name that no read asked for is refused by finish().
class SchedulerArguments {
 public:
  /// Both must outlive the reader.
  SchedulerArguments(std::string_view schedule, const SchedulerKwargs& kwargs) : schedule_(schedule), kwargs_(kwargs) {}

  /// A finite number of at least `least`. Throws Error(invalid_argument).
  std::optional<double> number(std::string_view name, double least = 0.0) {
    const SchedulerValue* value = find(name);
    if (value == nullptr) return {};
    const double number = value->number();
    check(value->is_number() && is_finite(number) && number >= least, ErrorCode::invalid_argument,
          "lr_scheduler_kwargs: expected ", name, " to be a number >= ", least, ", got ", value->shown());
    return number;
  }

  /// A number of steps or evaluations. Throws Error(invalid_argument).
  std::optional<double> count(std::string_view name) {
    const auto value = number(name);
    check(!value || (*value == std::floor(*value) && *value <= 1e15), ErrorCode::invalid_argument,
          "lr_scheduler_kwargs: expected ", name, " to be a whole number, got ", value.value_or(0.0));
    return value;
  }

  /// One of a few names, the first of which is the default. Throws Error(invalid_argument).
  std::string choice(std::string_view name, std::initializer_list<std::string_view> allowed) {
    const SchedulerValue* value = find(name);
    if (value == nullptr) return std::string(*allowed.begin());
    std::string names;
    for (const std::string_view one : allowed) {
      if (!value->is_number() && value->text() == one) return value->text();
      names += str_cat(names.empty() ? "" : ", ", one);
    }
    fail(ErrorCode::invalid_argument, "lr_scheduler_kwargs: expected ", name, " to be one of ", names, ", got ",
         value->shown());
  }

  /// Throws Error(invalid_argument) for an argument that the schedule does not have.
  void finish() const {
    for (const auto& [name, value] : kwargs_) {
      std::string names;
      bool known = false;
      for (const std::string_view one : known_) {
        known = known || one == name;
        names += str_cat(names.empty() ? "" : ", ", one);
      }
      check(known, ErrorCode::invalid_argument, "lr_scheduler_kwargs: the schedule ", schedule_,
            known_.empty() ? " has no arguments" : " has the arguments ", names, ", got ", name);
    }
  }

 private:
  const SchedulerValue* find(std::string_view name) {
    known_.push_back(name);
    const auto found = kwargs_.find(name);
    return found == kwargs_.end() ? nullptr : &found->second;
  }

  std::string_view schedule_;
  const SchedulerKwargs& kwargs_;
  std::vector<std::string_view> known_;
};

}  // namespace detail

}  // namespace tl
