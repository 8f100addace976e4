#include <tl/optim/adamw.hpp>

#include <bit>

#include <nlohmann/json.hpp>

#include <tl/nn/embedding.hpp>
#include <tl/nn/encoder_block.hpp>
#include <tl/optim/gradient_norm.hpp>
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/hexadecimal.hpp"
#include "support/reference.hpp"

using tl::NamedParameter;
using tl::Parameter;
using tl::ParameterSpace;
using tl::Tensor;

namespace {

// Equal up to a relative difference.
bool near(double a, double b, double relative) { return std::abs(a - b) <= relative * std::abs(b); }

const nlohmann::json& cases() {
  static const auto parsed =
      nlohmann::json::parse(tl::test::read_text(tl::test::reference_file("optimizer_cases.json")));
  return parsed;
}

void fill(const Tensor<float>& target, const nlohmann::json& hex) {
  Tensor<float> writable = target;
  writable.copy_from(Tensor<float>::from(tl::test::floats_of_bits(hex), target.shape()));
}

// a and b decay, c does not.
ParameterSpace<float> three_parameters(const tl::Shape& shape_a = {16}, const tl::Shape& shape_b = {4, 12}) {
  using tl::Initialization, tl::WeightDecay;
  const Parameter<float> a(shape_a, Initialization::normal, WeightDecay::on),
      b(shape_b, Initialization::normal, WeightDecay::on), c({17}, Initialization::normal, WeightDecay::off);
  return ParameterSpace<float>({{"c", c, 0, 17}, {"a", a, 0, shape_a[0]}, {"b", b, 0, shape_b[0]}});
}

// Equal in every bit where the reference's kernel works on whole vectors of 16; its remainder is an ulp or two apart.
void check_steps(const std::vector<float>& got, const std::vector<float>& expected) {
  REQUIRE(got.size() == expected.size());
  const std::size_t whole = got.size() / 16 * 16;
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("element " << i);
    if (i < whole) REQUIRE(std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected[i]));
    else REQUIRE(near(got[i], expected[i], 3e-7));
  }
}

// The part of a buffer with the layout of the space that belongs to `name`.
std::vector<float> part_of(const ParameterSpace<float>& space, const Tensor<float>& buffer, const std::string& name) {
  const auto value = space.at(name).value();
  return buffer.view(value.data() - space.values().data(), value.shape()).to_vector();
}

}  // namespace

TEST_CASE("AdamW makes the reference's steps bit for bit") {
  auto space = three_parameters();
  for (const auto* name : {"a", "b", "c"}) fill(space.at(name).value(), cases().at("start").at(name));
  tl::AdamW<float> optimizer(space, {.weight_decay = cases().at("weight_decay").get<double>()});
  for (std::size_t step = 0; step < cases().at("learning_rates").size(); ++step) {
    for (const auto* name : {"a", "b", "c"}) fill(space.at(name).gradient(), cases().at("gradients")[step].at(name));
    optimizer.step(cases().at("learning_rates")[step].get<double>());
    for (const auto* name : {"a", "b", "c"}) {
      INFO("step " << step << ", parameter " << name);
      const auto& expected = cases().at("fused")[step].at(name);
      check_steps(space.at(name).value().to_vector(), tl::test::floats_of_bits(expected.at("value")));
      check_steps(part_of(space, optimizer.exp_avg(), name), tl::test::floats_of_bits(expected.at("exp_avg")));
      check_steps(part_of(space, optimizer.exp_avg_sq(), name), tl::test::floats_of_bits(expected.at("exp_avg_sq")));
    }
  }
  CHECK(optimizer.steps() == 5);
}

TEST_CASE("the gaps between parameters stay zero") {
  auto space = three_parameters();
  tl::AdamW<float> optimizer(space, {.learning_rate = 0.1, .weight_decay = 0.5});
  for (const auto& part : space.named()) part.gradient().fill(1.0f), part.value().fill(1.0f);
  for (int i = 0; i < 3; ++i) optimizer.step();
  double inside = 0, all = 0;
  for (const auto& part : space.named())
    for (const float value : part.value().span()) inside += value;
  for (const float value : space.values().span()) all += value;
  CHECK(inside == all);
}

TEST_CASE("weight decay acts on the first range only") {
  auto space = three_parameters();
  for (const auto& part : space.named()) part.value().fill(1.0f);
  tl::AdamW<float> optimizer(space, {.learning_rate = 0.5, .weight_decay = 0.1});
  optimizer.step();  // gradients are zero, so only the decay acts
  CHECK(space.at("a").value().to_vector() == std::vector<float>(16, 0.95f));
  CHECK(space.at("b").value().to_vector() == std::vector<float>(48, 0.95f));
  CHECK(space.at("c").value().to_vector() == std::vector<float>(17, 1.0f));
}

TEST_CASE("a step with learning rate 0 moves the moments, not the values") {
  auto space = three_parameters();
  for (const auto& part : space.named()) part.value().fill(1.0f), part.gradient().fill(2.0f);
  tl::AdamW<float> optimizer(space, {.weight_decay = 0.1});
  optimizer.step(0.0);
  CHECK(optimizer.steps() == 1);
  CHECK(space.at("a").value().to_vector() == std::vector<float>(16, 1.0f));
  CHECK(near(part_of(space, optimizer.exp_avg(), "c")[0], 0.2, 1e-6));
}

TEST_CASE("a step after set_steps corrects its bias for that step") {
  auto first = three_parameters(), second = three_parameters();
  tl::AdamW<float> whole(first, {.learning_rate = 0.1}), resumed(second, {.learning_rate = 0.1});
  for (const auto& part : first.named()) part.gradient().fill(0.5f);
  for (const auto& part : second.named()) part.gradient().fill(0.5f);
  whole.step();
  Tensor<float> values = second.values();
  values.copy_from(first.values());
  resumed.exp_avg().copy_from(whole.exp_avg());
  resumed.exp_avg_sq().copy_from(whole.exp_avg_sq());
  resumed.set_steps(1);
  whole.step();
  resumed.step();
  CHECK(first.values().to_vector() == second.values().to_vector());
}

TEST_CASE("the gradient scale of a step is the clipping of the reference") {
  for (const auto& clip : cases().at("clip")) {
    auto scaled = three_parameters(), clipped = three_parameters();
    for (const auto* name : {"a", "b", "c"}) {
      fill(scaled.at(name).gradient(), cases().at("gradients")[0].at(name));
      fill(clipped.at(name).gradient(), clip.at("gradients").at(name));
    }
    const double norm = tl::gradient_norm(scaled);
    CHECK(near(norm, clip.at("norm").get<double>(), 1e-6));
    const double coefficient = tl::clip_coefficient(norm, clip.at("max_norm").get<double>());
    // The norm may differ by an ulp from the reference's norm of norms, and so may every clipped gradient.
    for (const auto* name : {"a", "b", "c"}) {
      const auto mine = scaled.at(name).gradient().to_vector(), theirs = clipped.at(name).gradient().to_vector();
      for (std::size_t i = 0; i < mine.size(); ++i)
        CHECK(near(static_cast<float>(coefficient) * mine[i], theirs[i], 3e-7));
    }
    tl::AdamW<float> a(scaled, {.learning_rate = 1e-3}), b(clipped, {.learning_rate = 1e-3});
    a.step(1e-3, coefficient);
    b.step(1e-3);
    for (std::int64_t i = 0; i < scaled.size(); ++i)
      CHECK(near(scaled.values().at({i}), clipped.values().at({i}), 1e-6));
  }
}

TEST_CASE("frozen parameters are not touched") {
  using tl::Initialization, tl::WeightDecay;
  Parameter<float> frozen({3}, Initialization::normal, WeightDecay::on),
      free({3}, Initialization::normal, WeightDecay::on);
  frozen.freeze();
  ParameterSpace<float> space({{"frozen", frozen, 0, 3}, {"free", free, 0, 3}});
  space.at("frozen").value().fill(1.0f);
  space.at("free").value().fill(1.0f);
  tl::AdamW<float> optimizer(space, {.learning_rate = 0.1, .weight_decay = 0.1});
  CHECK(optimizer.exp_avg().elements() == 16);
  optimizer.step();
  CHECK(space.at("frozen").value().to_vector() == std::vector<float>(3, 1.0f));
  CHECK(space.at("free").value().at({0}) < 1.0f);
}

TEST_CASE("an optimizer whose parameters were frozen since is refused, and ends without harm") {
  for (const bool deferred : {false, true}) {
    Parameter<float> table({5, 4}, tl::Initialization::normal, tl::WeightDecay::on);
    table.set_sparse();
    const Parameter<float> bias({4}, tl::Initialization::zeros, tl::WeightDecay::off);
    ParameterSpace<float> space({{"table", table, 0, 5}, {"bias", bias, 0, 4}});
    space.at("table").value().fill(1.0f);
    {
      tl::AdamW<float> optimizer(space, {.learning_rate = 0.1, .weight_decay = 0.5, .defer_rows = deferred});
      optimizer.step();
      space.freeze("table");
      TL_REQUIRE_ERROR((optimizer.step(), 0),
                       "AdamW: expected the parameters where they were when this optimizer was "
                       "made, they were frozen or unfrozen since; make a new one");
    }
    CHECK(space.at("table").value().to_vector() == std::vector<float>(20, 0.95f));
    tl::AdamW<float> next(space, {.learning_rate = 0.1, .weight_decay = 0.5, .defer_rows = deferred});
    CHECK(next.exp_avg().elements() == 16);
    next.step();
    CHECK(space.at("table").value().to_vector() == std::vector<float>(20, 0.95f));
  }
}

TEST_CASE("zero_grad clears every gradient") {
  auto space = three_parameters();
  tl::AdamW<float> optimizer(space, {});
  for (const auto& part : space.named()) part.gradient().fill(3.0f);
  optimizer.zero_grad();
  CHECK(tl::gradient_norm(space) == 0.0);
}

TEST_CASE("the space may move: parameters are handles") {
  auto space = three_parameters();
  auto moved = std::move(space);
  tl::AdamW<float> optimizer(moved, {.learning_rate = 1.0});
  moved.at("a").gradient().fill(1.0f);
  optimizer.step();
  CHECK(near(moved.at("a").value().at({0}), -1.0, 1e-6));
}

TEST_CASE("impossible settings are refused") {
  auto space = three_parameters();
  const auto with = [&](tl::AdamWOptions options) { return tl::AdamW<float>(space, options); };
  TL_REQUIRE_ERROR(with({.learning_rate = -1}), "AdamW: expected learning_rate >= 0, got -1");
  TL_REQUIRE_ERROR(with({.learning_rate = NAN}), "AdamW: expected learning_rate >= 0, got nan");
  TL_REQUIRE_ERROR(with({.epsilon = -1e-8}), "AdamW: expected epsilon >= 0, got -1e-08");
  TL_REQUIRE_ERROR(with({.weight_decay = -0.1}), "AdamW: expected weight_decay >= 0, got -0.1");
  TL_REQUIRE_ERROR(with({.beta1 = 1.0}), "AdamW: expected beta1 in [0, 1), got 1");
  TL_REQUIRE_ERROR(with({.beta2 = -0.5}), "AdamW: expected beta2 in [0, 1), got -0.5");
  CHECK(with({.weight_decay = 0.5}).options().weight_decay == 0.5);
}

TEST_CASE("the larger recorded collection: torch's fused steps") {
  const auto path = tl::test::shared_file("reference/verified/optimizer_steps.json");
  if (!path) TL_SKIP("reference/verified/optimizer_steps.json of the shared collection is not here");
  const auto recorded = nlohmann::json::parse(tl::test::read_text(*path));
  auto space = three_parameters({5}, {4, 3});
  for (const auto* name : {"a", "b", "c"}) fill(space.at(name).value(), recorded.at("start").at(name));
  tl::AdamW<float> optimizer(space, {.weight_decay = 0.01});
  for (std::size_t step = 0; step < recorded.at("gradients").size(); ++step) {
    for (const auto* name : {"a", "b", "c"}) fill(space.at(name).gradient(), recorded.at("gradients")[step].at(name));
    optimizer.step(recorded.at("learning_rates")[step].get<double>());
    for (const auto* name : {"a", "b", "c"}) {
      const auto& expected = recorded.at("adamw_fused")[step];
      check_steps(space.at(name).value().to_vector(), tl::test::floats_of_bits(expected.at("params").at(name)));
      const auto& state = expected.at("state").at(name);
      check_steps(part_of(space, optimizer.exp_avg(), name), tl::test::floats_of_bits(state.at("exp_avg")));
      check_steps(part_of(space, optimizer.exp_avg_sq(), name), tl::test::floats_of_bits(state.at("exp_avg_sq")));
    }
  }
}

TEST_CASE("AdamW keeps its moments where the parameters are") {
  auto space = three_parameters();
  tl::AdamW<float> optimizer(space, {});
  CHECK(optimizer.exp_avg().device() == space.values().device());
  CHECK(optimizer.exp_avg_sq().device() == space.values().device());
}
