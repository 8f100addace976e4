#include <tl/optim/schedule.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using tl::LearningRateSchedule;
using tl::SchedulerType;

TEST_CASE("every schedule gives the reference's learning rates to 1e-12") {
  const auto cases = nlohmann::json::parse(tl::test::read_text(tl::test::reference_file("schedule_cases.json")));
  const double rate = cases.at("learning_rate");
  for (const auto& c : cases.at("cases")) {
    const LearningRateSchedule schedule{tl::scheduler_type(c.at("type").get<std::string>()), rate,
                                        c.at("warmup").get<std::int64_t>(), c.at("total").get<std::int64_t>()};
    for (std::size_t t = 0; t < c.at("rates").size(); ++t) {
      INFO(c.at("type") << ", warm-up " << schedule.warmup_steps << " of " << schedule.total_steps << ", step " << t);
      CHECK(std::abs(schedule.at(static_cast<std::int64_t>(t)) - c.at("rates")[t].get<double>()) <= 1e-12 * rate);
    }
  }
}

TEST_CASE("the larger recorded collection of schedules") {
  const auto path = tl::test::shared_file("reference/verified/schedules.json");
  if (!path) TL_SKIP("reference/verified/schedules.json of the shared collection is not here");
  const auto recorded = nlohmann::json::parse(tl::test::read_text(*path));
  int compared = 0;
  for (const auto& [version, generation] : recorded.at("generations").items())
    for (const auto& c : generation.at("schedules")) {
      if (!c.at("args").empty() || !c.contains("values")) continue;
      const auto name = c.at("name").get<std::string>();
      if (tl::test::error_of([&] { tl::scheduler_type(name); }) != "(no tl::Error was thrown)") continue;
      const LearningRateSchedule schedule{tl::scheduler_type(name), 1e-3, c.at("warmup").get<std::int64_t>(), 20};
      for (std::size_t t = 0; t < c.at("values").size(); ++t) {
        INFO(version << " " << name << ", step " << t);
        CHECK(std::abs(schedule.factor(static_cast<std::int64_t>(t)) - c.at("values")[t].get<double>()) <= 1e-12);
      }
      ++compared;
    }
  CHECK(compared == 2 * 14);
}

TEST_CASE("warm-up starts at zero and ends at the base rate") {
  const LearningRateSchedule schedule{SchedulerType::linear, 1.0, 10, 100};
  CHECK(schedule.at(0) == 0.0);
  CHECK(schedule.at(5) == 0.5);
  CHECK(schedule.at(10) == 1.0);
  CHECK(schedule.at(100) == 0.0);
  CHECK(schedule.at(101) == 0.0);
}

TEST_CASE("no schedule gives NaN or a negative rate, whatever the step counts") {
  for (const auto type :
       {SchedulerType::linear, SchedulerType::cosine, SchedulerType::cosine_with_restarts, SchedulerType::polynomial,
        SchedulerType::constant, SchedulerType::constant_with_warmup, SchedulerType::inverse_sqrt})
    for (const std::int64_t total : {0, 1, 5})
      for (const std::int64_t warmup : {0, 1, 5, 9})
        for (std::int64_t t = 0; t < 12; ++t) {
          const double rate = LearningRateSchedule{type, 1e-3, warmup, total}.at(t);
          INFO(tl::to_string(type) << " total " << total << " warm-up " << warmup << " step " << t << ": " << rate);
          CHECK((rate >= 0.0 && rate <= 1e-3 * 1.0000001));
        }
}

TEST_CASE("a polynomial that would rise is refused") {
  const LearningRateSchedule schedule{SchedulerType::polynomial, 0.0, 0, 10};
  TL_REQUIRE_ERROR(schedule.at(3), "polynomial: expected a learning rate above its final rate 1e-07, got 0");
}

TEST_CASE("schedules have names both ways") {
  for (const auto* name : {"linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
                           "inverse_sqrt"})
    CHECK(tl::to_string(tl::scheduler_type(name)) == name);
  TL_REQUIRE_ERROR(tl::scheduler_type("quadratic"),
                   "lr_scheduler_type: expected one of linear, cosine, cosine_with_restarts, polynomial, constant, "
                   "constant_with_warmup, inverse_sqrt, got quadratic");
  TL_REQUIRE_ERROR(tl::scheduler_type(""), "lr_scheduler_type: expected one of");
}
