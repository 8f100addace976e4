#include <tl/optim/schedule.hpp>

#include <limits>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using tl::make_schedule;
using tl::ReduceLROnPlateau;
using tl::ScheduleOptions;
using tl::scheduler_type;
using tl::SchedulerKwargs;
using tl::SchedulerType;

namespace {

SchedulerKwargs kwargs_of(const nlohmann::json& json) {
  SchedulerKwargs kwargs;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) kwargs.insert_or_assign(name, value.get<std::string>());
    else kwargs.insert_or_assign(name, value.get<double>());
  }
  return kwargs;
}

nlohmann::json recorded_cases() {
  return nlohmann::json::parse(tl::test::read_text(tl::test::reference_file("schedule_cases.json")));
}

/// What make_schedule says about `kwargs`.
std::string refused(const char* type, const SchedulerKwargs& kwargs, double rate = 2e-5) {
  const ScheduleOptions options{.learning_rate = rate, .warmup_steps = 2, .total_steps = 10, .kwargs = kwargs};
  return tl::test::error_of([&] { static_cast<void>(make_schedule(scheduler_type(type), options)); });
}

}  // namespace

TEST_CASE("every schedule gives the reference's learning rates to 1e-12") {
  const auto recorded = recorded_cases();
  const double rate = recorded.at("learning_rate");
  for (const auto& c : recorded.at("cases")) {
    const ScheduleOptions options{.learning_rate = rate,
                                  .warmup_steps = c.at("warmup").get<std::int64_t>(),
                                  .total_steps = c.at("total").get<std::int64_t>(),
                                  .kwargs = kwargs_of(c.value("kwargs", nlohmann::json::object()))};
    const auto schedule = make_schedule(scheduler_type(c.at("type").get<std::string>()), options);
    CHECK(schedule->name() == c.at("type").get<std::string>());
    for (std::size_t t = 0; t < c.at("rates").size(); ++t) {
      INFO(c.at("type") << c.value("kwargs", nlohmann::json::object()) << ", warm-up " << options.warmup_steps << " of "
                        << options.total_steps << ", step " << t);
      const double expected = c.at("rates")[t].get<double>();
      CHECK(std::abs(schedule->learning_rate(rate, static_cast<std::int64_t>(t)) - expected) <= 1e-12 * rate);
    }
  }
}

TEST_CASE("schedules that follow a metric give the reference's learning rates, for two base rates") {
  const auto [type, key] = GENERATE(table<SchedulerType, const char*>(
      {{SchedulerType::reduce_lr_on_plateau, "plateau"}, {SchedulerType::greedy, "greedy"}}));
  CHECK(tl::follows_metric(type));
  const auto recorded = recorded_cases();
  const double rate = recorded.at("learning_rate");
  for (const auto& c : recorded.at(key)) {
    const auto kwargs = kwargs_of(c.at("kwargs"));
    auto schedule = make_schedule(type, {.learning_rate = rate, .kwargs = kwargs});
    schedule->learning_rate(rate, 0);
    schedule->learning_rate(10 * rate, 0);
    for (std::size_t i = 0; i < c.at("metrics").size(); ++i) {
      INFO(c.at("kwargs") << ", evaluation " << i);
      const auto& metric = c.at("metrics")[i];
      // What a checkpoint keeps is enough to go on from any evaluation.
      const auto state = schedule->state();
      schedule = make_schedule(type, {.learning_rate = rate, .kwargs = kwargs});
      schedule->load_state(state);
      schedule->on_evaluate(metric.is_null() ? std::numeric_limits<double>::quiet_NaN() : metric.get<double>());
      CHECK(schedule->learning_rate(rate, 0) == c.at("rates")[i][0].get<double>());
      CHECK(schedule->learning_rate(10 * rate, 0) == c.at("rates")[i][1].get<double>());
    }
    schedule->on_train_begin(1, 0);
    CHECK(schedule->learning_rate(rate, 0) == rate);
  }
}

TEST_CASE("the larger recorded collection of schedules") {
  const auto path = tl::test::shared_file("reference/verified/schedules.json");
  if (!path) TL_SKIP("reference/verified/schedules.json of the shared collection is not here");
  const auto recorded = nlohmann::json::parse(tl::test::read_text(*path));
  int compared = 0;
  for (const auto& [version, generation] : recorded.at("generations").items())
    for (const auto& c : generation.at("schedules")) {
      const auto name = c.at("name").get<std::string>();
      if (!c.contains("values") || name == "greedy" || name == "reduce_lr_on_plateau") continue;
      if (version.starts_with("4.") && name == "inverse_sqrt" && !c.at("args").empty()) continue;  // it ignores them
      const auto schedule = make_schedule(scheduler_type(name), {.learning_rate = 1e-3,
                                                                 .warmup_steps = c.at("warmup").get<std::int64_t>(),
                                                                 .total_steps = 20,
                                                                 .kwargs = kwargs_of(c.at("args"))});
      for (std::size_t t = 0; t < c.at("values").size(); ++t) {
        INFO(version << " " << name << ", step " << t);
        const double factor = schedule->learning_rate(1e-3, static_cast<std::int64_t>(t)) / 1e-3;
        CHECK(std::abs(factor - c.at("values")[t].get<double>()) <= 1e-12);
      }
      ++compared;
    }
  CHECK(compared == 102);
}

TEST_CASE("warm-up starts at zero and ends at the base rate") {
  const auto schedule =
      make_schedule(SchedulerType::linear, {.learning_rate = 1.0, .warmup_steps = 10, .total_steps = 100});
  CHECK(schedule->learning_rate(1.0, 0) == 0.0);
  CHECK(schedule->learning_rate(1.0, 5) == 0.5);
  CHECK(schedule->learning_rate(1.0, 10) == 1.0);
  CHECK(schedule->learning_rate(3.0, 10) == 3.0);
  CHECK(schedule->learning_rate(1.0, 100) == 0.0);
  CHECK(schedule->learning_rate(1.0, 101) == 0.0);
}

TEST_CASE("no schedule gives NaN or a negative rate, whatever the step counts") {
  const std::pair<SchedulerType, SchedulerKwargs> schedules[] = {
      {SchedulerType::linear, {}},
      {SchedulerType::cosine, {{"num_cycles", 3.3}}},
      {SchedulerType::cosine_with_restarts, {{"num_cycles", 7}}},
      {SchedulerType::polynomial, {{"power", 0.5}, {"lr_end", 0}}},
      {SchedulerType::constant, {}},
      {SchedulerType::constant_with_warmup, {}},
      {SchedulerType::inverse_sqrt, {}},
      {SchedulerType::reduce_lr_on_plateau, {}},
      {SchedulerType::greedy, {}},
      {SchedulerType::cosine_with_min_lr, {{"min_lr_rate", 0.5}}},
      {SchedulerType::cosine_warmup_with_min_lr, {{"min_lr", 1e-4}}},
      {SchedulerType::warmup_stable_decay, {{"num_decay_steps", 3}, {"decay_type", "1-sqrt"}}},
      {SchedulerType::warmup_stable_decay, {{"num_decay_steps", 0}, {"warmup_type", "1-sqrt"}}}};
  for (const auto& [type, kwargs] : schedules)
    for (const std::int64_t total : {0, 1, 5})
      for (const std::int64_t warmup : {0, 1, 5, 9})
        for (std::int64_t t = 0; t < 12; ++t) {
          const ScheduleOptions options{
              .learning_rate = 1e-3, .warmup_steps = warmup, .total_steps = total, .kwargs = kwargs};
          const double rate = make_schedule(type, options)->learning_rate(1e-3, t);
          INFO(tl::to_string(type) << " total " << total << " warm-up " << warmup << " step " << t << ": " << rate);
          CHECK((rate >= 0.0 && rate <= 1e-3 * 1.0000001));
        }
}

TEST_CASE("a custom schedule is a function of the step, or a class") {
  const auto halves = tl::lambda_schedule([](std::int64_t step) { return std::pow(0.5, static_cast<double>(step)); });
  CHECK(halves->learning_rate(8.0, 0) == 8.0);
  CHECK(halves->learning_rate(8.0, 3) == 1.0);
  CHECK(halves->name() == "user");
  CHECK(halves->state().empty());
  TL_REQUIRE_ERROR(tl::lambda_schedule({}), "LambdaSchedule: expected a function of the step, got an empty one");
}

TEST_CASE("arguments of schedules that are refused") {
  CHECK(refused("linear", {{"num_cycles", 2}}) ==
        "lr_scheduler_kwargs: the schedule linear has no arguments, got num_cycles");
  CHECK(refused("polynomial", {{"pover", 2}}) ==
        "lr_scheduler_kwargs: the schedule polynomial has the arguments lr_end, power, got pover");
  CHECK(refused("cosine", {{"num_cycles", -1}}) ==
        "lr_scheduler_kwargs: expected num_cycles to be a number >= 0, got -1");
  CHECK(refused("cosine", {{"num_cycles", "many"}}) ==
        "lr_scheduler_kwargs: expected num_cycles to be a number >= 0, got many");
  CHECK(refused("polynomial", {{"lr_end", 1e-4}}) ==
        "lr_scheduler_type polynomial: expected a learning_rate above its final rate 0.0001, got 2e-05");
  CHECK(refused("polynomial", {}, 0.0) ==
        "lr_scheduler_type polynomial: expected a learning_rate above its final rate 1e-07, got 0");
  CHECK(refused("inverse_sqrt", {{"timescale", 0}}) == "lr_scheduler_kwargs: expected timescale to be above 0, got 0");
  CHECK(refused("cosine_with_min_lr", {}) ==
        "lr_scheduler_kwargs: expected one of min_lr and min_lr_rate for the schedule cosine_with_min_lr, got none");
  CHECK(refused("cosine_warmup_with_min_lr", {{"min_lr", 0}, {"min_lr_rate", 0}}) ==
        "lr_scheduler_kwargs: expected one of min_lr and min_lr_rate for the schedule cosine_warmup_with_min_lr, got "
        "both");
  CHECK(refused("cosine_with_min_lr", {{"min_lr", 0}}, 0.0) ==
        "lr_scheduler_type cosine_with_min_lr: expected a learning_rate above 0 because min_lr is given, got 0");
  CHECK(refused("warmup_stable_decay", {}) ==
        "lr_scheduler_kwargs: expected num_decay_steps for the schedule warmup_stable_decay, got none");
  CHECK(refused("warmup_stable_decay", {{"num_decay_steps", 2.5}}) ==
        "lr_scheduler_kwargs: expected num_decay_steps to be a whole number, got 2.5");
  CHECK(refused("warmup_stable_decay", {{"num_decay_steps", 2}, {"decay_type", "steep"}}) ==
        "lr_scheduler_kwargs: expected decay_type to be one of cosine, linear, 1-sqrt, got steep");
  CHECK(refused("reduce_lr_on_plateau", {{"factor", 1}}) ==
        "lr_scheduler_kwargs: expected factor to be below 1, got 1");
  CHECK(refused("greedy", {{"factor", 1}}) == "lr_scheduler_kwargs: expected factor to be in (0, 1), got 1");
  CHECK(refused("greedy", {{"window_size", 0}}) == "lr_scheduler_kwargs: expected window_size to be at least 1, got 0");
  CHECK(refused("greedy", {{"verbose", 1}})
            .starts_with("lr_scheduler_kwargs: the schedule greedy has the arguments mode,"));
  CHECK(refused("reduce_lr_on_plateau", {{"mode", 1}}) ==
        "lr_scheduler_kwargs: expected mode to be one of min, max, got 1");
}

TEST_CASE("a state that reduce_lr_on_plateau never writes is refused") {
  ReduceLROnPlateau schedule;
  TL_REQUIRE_ERROR(schedule.load_state({}),
                   "state of reduce_lr_on_plateau: expected num_bad_epochs to be a whole "
                   "number >= 0, got nothing");
  TL_REQUIRE_ERROR(schedule.load_state({{"num_bad_epochs", 1}, {"cooldown_counter", 0.5}, {"reductions", 0}}),
                   "expected cooldown_counter to be a whole number >= 0, got 0.5");
}

TEST_CASE("a state that greedy never writes is refused") {
  tl::GreedyLR schedule;
  TL_REQUIRE_ERROR(schedule.load_state({}),
                   "state of greedy: expected num_bad_epochs to be a whole number >= 0, got nothing");
  auto state = schedule.state();
  state["base_0"] = 1e-3;
  TL_REQUIRE_ERROR(schedule.load_state(state), "state of greedy: expected rate_0 to be a number >= 0, got nothing");
}

TEST_CASE("schedules have names both ways") {
  for (const auto* name :
       {"linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt",
        "reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay", "greedy"})
    CHECK(tl::to_string(scheduler_type(name)) == name);
  TL_REQUIRE_ERROR(scheduler_type("quadratic"),
                   "lr_scheduler_type: expected one of linear, cosine, cosine_with_restarts, polynomial, constant, "
                   "constant_with_warmup, inverse_sqrt, reduce_lr_on_plateau, cosine_with_min_lr, "
                   "cosine_warmup_with_min_lr, warmup_stable_decay, greedy, got quadratic");
  TL_REQUIRE_ERROR(scheduler_type(""), "lr_scheduler_type: expected one of");
}
