#include <tl/optim/parameter_groups.hpp>

#include <nlohmann/json.hpp>

#include <tl/optim/adamw.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using tl::Initialization;
using tl::Parameter;
using tl::ParameterGroup;
using tl::ParameterSpace;
using tl::WeightDecay;

namespace {

nlohmann::json recorded() {
  return nlohmann::json::parse(tl::test::read_text(tl::test::reference_file("parameter_groups.json")));
}

/// The parameters of the recorded run with their first values.
ParameterSpace<float> recorded_space(const nlohmann::json& run) {
  std::vector<tl::NamedParameter<float>> named;
  for (std::size_t i = 0; i < run.at("names").size(); ++i) {
    const auto name = run.at("names")[i].get<std::string>();
    const auto extents = run.at("shapes")[i].get<std::vector<std::int64_t>>();
    Parameter<float> parameter(tl::Shape(std::span<const std::int64_t>(extents)), Initialization::normal,
                               extents.size() == 2 ? WeightDecay::on : WeightDecay::off);
    if (name == "embed.table") parameter.set_sparse();
    named.push_back({name, parameter, 0, extents[0]});
  }
  ParameterSpace<float> space(std::move(named));
  for (std::size_t i = 0; i < space.named().size(); ++i) {
    const auto values = run.at("values")[i].get<std::vector<float>>();
    tl::Tensor<float> value = space.named()[i].value();
    std::copy(values.begin(), values.end(), value.data());
  }
  return space;
}

const std::vector<ParameterGroup> groups{{.patterns = "embed", .learning_rate = 1e-3, .weight_decay = 0.0},
                                         {.patterns = "layer.0", .learning_rate = 5e-3},
                                         {.patterns = "head", .learning_rate = 5e-2, .weight_decay = 0.3}};

/// Ten steps; the gradient of the table goes through an operation's path, so that rows can be deferred.
ParameterSpace<float> trained(const nlohmann::json& run, bool defer_rows) {
  ParameterSpace<float> space = recorded_space(run);
  tl::AdamW<float> optimizer(space,
                             {.learning_rate = 1e-2, .weight_decay = 0.1, .defer_rows = defer_rows, .groups = groups});
  for (std::size_t step = 0; step < 10; ++step) {
    optimizer.zero_grad();
    for (std::size_t i = 0; i < space.named().size(); ++i) {
      const auto values = run.at("gradients")[step][i].get<std::vector<float>>();
      tl::Tensor<float> gradient = space.named()[i].gradient();
      std::copy(values.begin(), values.end(), gradient.data());
    }
    optimizer.step([step](double rate) { return rate * (1.0 - static_cast<double>(step) / 20.0); });
  }
  return space;
}

}  // namespace

TEST_CASE("parameter groups: ten steps of torch's groups") {
  const auto run = recorded();
  for (const bool defer_rows : {false, true}) {
    const auto space = trained(run, defer_rows);
    for (std::size_t i = 0; i < space.named().size(); ++i) {
      INFO(space.named()[i].name);
      const auto expected = run.at("after")[i].get<std::vector<float>>();
      const auto got = space.named()[i].value().to_vector();
      REQUIRE(got.size() == expected.size());
      for (std::size_t k = 0; k < got.size(); ++k) CHECK(std::abs(got[k] - expected[k]) <= 3e-7F);
    }
  }
}

TEST_CASE("parameter groups: neighbours that are updated alike are one range") {
  const auto run = recorded();
  auto space = recorded_space(run);
  const auto ranges = tl::group_ranges(space, {{.patterns = "head", .learning_rate = 0.5}}, 0.1);
  // layers, head.weight, the table, layer.0.bias, head.bias
  REQUIRE(ranges.size() == 5);
  CHECK_FALSE(ranges[0].learning_rate);
  CHECK(ranges[0].weight_decay == 0.1);
  CHECK(ranges[1].learning_rate == 0.5);
  CHECK(ranges[1].weight_decay == 0.1);
  CHECK(ranges[2].table);
  CHECK(ranges[4].learning_rate == 0.5);
  CHECK(ranges[4].weight_decay == 0.0);
  space.freeze("embed,layer.0");
  CHECK(tl::group_ranges(space, {{.patterns = "layer.0", .learning_rate = 0.5}}, 0.1).size() == 2);
}

TEST_CASE("parameter groups: a rate given to step() is that of the others") {
  const auto run = recorded();
  auto with = recorded_space(run), without = recorded_space(run);
  tl::AdamW<float> grouped(with, {.learning_rate = 1.0, .groups = {{.patterns = "head", .learning_rate = 1e-2}}});
  tl::AdamW<float> plain(without, {.learning_rate = 1e-2});
  for (auto* space : {&with, &without})
    for (const auto& part : space->named()) part.gradient().fill(0.5F);
  grouped.step(1e-2);
  plain.step();
  for (std::size_t i = 0; i < with.named().size(); ++i)
    CHECK(with.named()[i].value().to_vector() == without.named()[i].value().to_vector());
}

TEST_CASE("parameter groups: what is refused") {
  const auto run = recorded();
  auto space = recorded_space(run);
  const auto with = [&](std::vector<ParameterGroup> its) {
    return tl::AdamW<float>(space, {.groups = std::move(its)});
  };
  TL_REQUIRE_ERROR(with({{.patterns = "head"}, {.patterns = "layer.1,*.bias"}}),
                   "parameter groups: expected groups that do not overlap, head.bias is chosen by head and by "
                   "layer.1,*.bias");
  TL_REQUIRE_ERROR(with({{.patterns = "heda"}}),
                   "parameter groups: expected patterns that match parameters of the model, heda matches none; there "
                   "are embed, layer.0, layer.1, head");
  TL_REQUIRE_ERROR(with({{.patterns = "head", .learning_rate = -1.0}}),
                   "parameter groups: expected learning_rate >= 0 for head, got -1");
  TL_REQUIRE_ERROR(with({{.patterns = "head", .weight_decay = NAN}}),
                   "parameter groups: expected weight_decay >= 0 for head, got nan");
}
