// AdamW bit for bit as torch's fused CPU step, in every code path, for every thread count.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/hexadecimal.hpp"
#include "support/reference.hpp"

#include <tl/kernels/cpu/adamw.hpp>

namespace {

using nlohmann::json;

// The first element whose bits differ, as a sentence; empty if there is none.
std::string difference(const std::vector<float>& got, const std::vector<float>& expected) {
  std::ostringstream out;
  if (got.size() != expected.size()) out << "got " << got.size() << " elements, expected " << expected.size();
  for (std::size_t i = 0; i < std::min(got.size(), expected.size()) && out.str().empty(); ++i)
    if (std::bit_cast<std::uint32_t>(got[i]) != std::bit_cast<std::uint32_t>(expected[i]))
      out << "element " << i << ": got " << std::hexfloat << got[i] << ", expected " << expected[i];
  return out.str();
}

struct State {
  std::vector<float> parameter, exp_avg, exp_avg_sq;
  explicit State(std::vector<float> start)
      : parameter(std::move(start)), exp_avg(parameter.size()), exp_avg_sq(parameter.size()) {}

  void step(const std::vector<float>& gradient, double lr, double beta1, double beta2, double eps, double weight_decay,
            std::int64_t number, float gradient_scale = 1.0F) {
    tl::kernels::run(tl::cpu_device, tl::kernels::AdamW<float>{.parameter = parameter.data(),
                                                               .gradient = gradient.data(),
                                                               .exp_avg = exp_avg.data(),
                                                               .exp_avg_sq = exp_avg_sq.data(),
                                                               .n = static_cast<std::int64_t>(parameter.size()),
                                                               .lr = lr,
                                                               .beta1 = beta1,
                                                               .beta2 = beta2,
                                                               .eps = eps,
                                                               .weight_decay = weight_decay,
                                                               .step = number,
                                                               .gradient_scale = gradient_scale});
  }
};

}  // namespace

TEST_CASE("AdamW has the bits of torch's fused step") {
  const json reference = json::parse(tl::test::read_text(tl::test::reference_file("adamw.json")));
  for (const auto& c : reference.at("cases")) {
    State state(tl::test::floats_of_bits(c.at("start")));
    std::int64_t number = 0;
    for (const auto& step : c.at("steps")) {
      state.step(tl::test::floats_of_bits(step.at("gradient")), step.at("lr"), c.at("beta1"), c.at("beta2"),
                 c.at("eps"), c.at("weight_decay"), ++number);
      INFO("weight decay " << c.at("weight_decay") << ", step " << number);
      REQUIRE(difference(state.exp_avg, tl::test::floats_of_bits(step.at("exp_avg"))) == "");
      REQUIRE(difference(state.exp_avg_sq, tl::test::floats_of_bits(step.at("exp_avg_sq"))) == "");
      REQUIRE(difference(state.parameter, tl::test::floats_of_bits(step.at("parameter"))) == "");
    }
  }
}

TEST_CASE("AdamW follows the shared collection of optimizer steps") {
  const auto path = tl::test::shared_file("reference/verified/optimizer_steps.json");
  if (!path) TL_SKIP("no shared collection beside the project");
  const json reference = json::parse(tl::test::read_text(*path));
  // torch's kernel contracts the elements after the last whole vector of a tensor differently: these differ by an ulp.
  const auto check = [](const std::vector<float>& got, const std::vector<float>& expected) {
    const std::size_t whole = expected.size() / 16 * 16;
    for (std::size_t i = 0; i < expected.size(); ++i)
      REQUIRE(std::abs(got[i] - expected[i]) <= (i < whole ? 0.0F : 2.5e-7F * std::abs(expected[i])));
  };
  for (const std::string name : {"a", "b", "c"}) {
    State state(tl::test::floats_of_bits(reference.at("start").at(name)));
    for (std::size_t i = 0; i < reference.at("adamw_fused").size(); ++i) {
      const json& step = reference.at("adamw_fused")[i];
      state.step(tl::test::floats_of_bits(reference.at("gradients")[i].at(name)), step.at("lr"), 0.9, 0.999, 1e-8,
                 name == "c" ? 0.0 : 0.01, static_cast<std::int64_t>(i + 1));
      INFO("parameter " << name << ", step " << i + 1);
      check(state.exp_avg, tl::test::floats_of_bits(step.at("state").at(name).at("exp_avg")));
      check(state.exp_avg_sq, tl::test::floats_of_bits(step.at("state").at(name).at("exp_avg_sq")));
      check(state.parameter, tl::test::floats_of_bits(step.at("params").at(name)));
    }
  }
}

TEST_CASE("AdamW rounds the scaled gradient once, as if it had been clipped before the step") {
  std::vector<float> gradient(1000), clipped(1000);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = static_cast<float>(i) * 0.37F - 100.0F;
    clipped[i] = gradient[i] * 0.123F;
  }
  State scaled(gradient), plain(gradient);
  for (std::int64_t number = 1; number <= 3; ++number) {
    scaled.step(gradient, 1e-3, 0.9, 0.999, 1e-8, 0.01, number, 0.123F);
    plain.step(clipped, 1e-3, 0.9, 0.999, 1e-8, 0.01, number);
  }
  CHECK(difference(scaled.parameter, plain.parameter) == "");
  CHECK(difference(scaled.exp_avg_sq, plain.exp_avg_sq) == "");
}

TEST_CASE("AdamW gives the same bits for every thread count and every split of the range") {
  const std::size_t count = 3 * static_cast<std::size_t>(tl::cpu::flat_grain) + 5;
  std::vector<float> start(count), gradient(count);
  for (std::size_t i = 0; i < count; ++i) {
    start[i] = static_cast<float>(i % 977) * 1e-3F - 0.4F;
    gradient[i] = static_cast<float>((i * 2654435761U) % 1009) * 1e-4F - 0.05F;
  }
  const int threads = tl::num_threads();
  tl::set_num_threads(1);
  State one(start);
  one.step(gradient, 1e-3, 0.9, 0.999, 1e-8, 0.01, 1);
  tl::set_num_threads(3);
  State three(start);
  three.step(gradient, 1e-3, 0.9, 0.999, 1e-8, 0.01, 1);
  tl::set_num_threads(threads);
  CHECK(difference(three.parameter, one.parameter) == "");

  State split(start);
  for (const auto& [first, last] : {std::pair<std::size_t, std::size_t>{0, 1001}, {1001, count}})
    tl::kernels::run(tl::cpu_device, tl::kernels::AdamW<float>{.parameter = split.parameter.data() + first,
                                                               .gradient = gradient.data() + first,
                                                               .exp_avg = split.exp_avg.data() + first,
                                                               .exp_avg_sq = split.exp_avg_sq.data() + first,
                                                               .n = static_cast<std::int64_t>(last - first),
                                                               .lr = 1e-3,
                                                               .beta1 = 0.9,
                                                               .beta2 = 0.999,
                                                               .eps = 1e-8,
                                                               .weight_decay = 0.01,
                                                               .step = 1});
  CHECK(difference(split.parameter, one.parameter) == "");
}
