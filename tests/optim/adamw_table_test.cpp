// AdamW's table of coming updates: it holds what the schedule says now, is written again only when it must be, and what
// is wrong with a later update is said when it comes.
#include <tl/optim/adamw_table.hpp>

#include <cstdint>
#include <cstring>
#include <vector>

#include <tl/optim/adamw.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"

namespace {

using Table = tl::detail::AdamWTable<float>;
using Factors = tl::kernels::AdamWFactors<float>;

Factors numbered(std::int64_t range, std::int64_t update, float scale = 1.0F) {
  return {static_cast<float>(range), scale * static_cast<float>(update), 1.0F};
}

}  // namespace

TEST_CASE("AdamW's table is written once for all updates it has room for, and again when a factor changed") {
  const tl::test::LockedDevice device;
  Table table(2, tl::cuda_device);
  const std::int64_t end = 2 * Table::size + 10;
  float scale = 1.0F;
  const auto copies_of = [&](std::int64_t update) {
    const auto before = device.counts();
    table.prepare(update, end - update + 1, [&](auto range, auto number) { return numbered(range, number, scale); });
    return (device.counts() - before).copies();
  };
  std::vector<std::int64_t> written;
  for (std::int64_t update = 1; update <= end; ++update) {
    if (update == 500) scale = 2.0F;
    if (copies_of(update) > 0) written.push_back(update);
  }
  const std::int64_t room = Table::size - Table::kept;
  CHECK(written == std::vector<std::int64_t>{1, 500, 500 + room, 500 + 2 * room});
}

TEST_CASE("AdamW's table holds the factors of each range at the place of its update") {
  Table table(3, tl::cpu_device);
  for (const std::int64_t update : {1, 2, 1024, 1025, 1030, 7}) {
    table.prepare(update, 1, [](auto range, auto number) { return numbered(range, number); });
    for (std::int64_t range = 0; range < 3; ++range)
      CHECK((table.data(range)[(update - 1) % Table::size] == numbered(range, update)));
  }
}

TEST_CASE("AdamW's table keeps the factors of the last updates, which a device may still have to make") {
  Table table(1, tl::cpu_device);
  const auto factors = [](auto range, auto number) { return numbered(range, number); };
  for (std::int64_t update = 1; update <= 3000; ++update) {
    table.prepare(update, 5000, factors);
    for (std::int64_t late = std::max<std::int64_t>(1, update - Table::kept); late <= update; ++late)
      if (!(table.data(0)[(late - 1) % Table::size] == numbered(0, late))) FAIL(late << " at " << update);
  }
  SUCCEED();
}

TEST_CASE("AdamW's table: an error of a later update comes when that update does") {
  Table table(1, tl::cpu_device);
  const auto factors = [](std::int64_t range, std::int64_t number) {
    if (number == 5) tl::fail(tl::ErrorCode::invalid_argument, "no rate for update 5");
    return numbered(range, number);
  };
  for (std::int64_t update = 1; update < 5; ++update) table.prepare(update, 100, factors);
  TL_REQUIRE_ERROR(table.prepare(5, 96, factors), "no rate for update 5");
  table.prepare(6, 95, factors);
  CHECK((table.data(0)[8] == numbered(0, 9)));
}

TEST_CASE("AdamW with a state makes the updates of AdamW with numbers, also on a device") {
  const auto train = [](tl::Device device, bool by_state) {
    tl::Parameter<float> weight({4, 3}, tl::Initialization::normal, tl::WeightDecay::on);
    tl::Parameter<float> bias({3}, tl::Initialization::zeros, tl::WeightDecay::off);
    tl::ParameterSpace<float> space({{"weight", weight, 0, 4}, {"bias", bias, 0, 3}});
    for (std::size_t i = 0; i < 12; ++i) weight.value().data()[i] = 0.1F * static_cast<float>(i);
    space.to(device);
    tl::AdamW<float> optimizer(space, {.learning_rate = 0.01, .weight_decay = 0.1});
    constexpr std::int64_t words = sizeof(tl::kernels::StepState) / 8;
    for (std::int64_t step = 1; step <= 4; ++step) {
      auto gradients = space.gradients();
      gradients.copy_from(tl::Tensor<float>::full(gradients.shape(), 0.25F * static_cast<float>(step)));
      const tl::kernels::StepState state{.updates = step, .clip = 0.5F, .apply = step == 3 ? 0 : 1};
      auto memory = tl::Tensor<std::int64_t>::zeros({words});
      std::memcpy(memory.data(), &state, sizeof state);
      memory = memory.to(device);
      tl::OptimizerStep update{.schedule = [=](double rate) { return rate / static_cast<double>(step); },
                               .gradient_scale = 0.5};
      if (by_state) {
        update.state = reinterpret_cast<const tl::kernels::StepState*>(memory.data());
        update.later_schedule = [=](double rate, std::int64_t later) {
          return rate / static_cast<double>(step + later);
        };
        update.updates_left = 5 - step;
      }
      if (step == 3 && !by_state) optimizer.set_steps(3);
      else optimizer.step(update);
    }
    return space.values().to_vector();
  };
  const auto expected = train(tl::cpu_device, false);
  CHECK(train(tl::cpu_device, true) == expected);
  const tl::test::LockedDevice device;
  CHECK(train(tl::cuda_device, true) == expected);
  CHECK(train(tl::cuda_device, false) == expected);
}
