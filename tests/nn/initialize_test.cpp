#include <tl/nn/initialize.hpp>

#include <tl/nn/layer_norm.hpp>
#include <tl/nn/linear.hpp>
#include "support/catch.hpp"

namespace {

struct Pair {
  tl::nn::Linear<float> first{5, 4};
  tl::nn::LayerNorm<float> norm{4};
  tl::nn::Linear<float> second{4, 2};
  template <class Visit> void members(Visit& visit) {
    visit("first", first);
    visit("norm", norm);
    visit("second", second);
  }
};

}  // namespace

TEST_CASE("weights are drawn one after the other, biases and LayerNorm draw nothing") {
  Pair pair;
  tl::ParameterSpace<float> space(tl::nn::named_parameters(pair));
  space.at("first.bias").value().fill(9.0f);
  space.at("norm.bias").value().fill(9.0f);
  tl::Mt19937 generator(7), expected(7);
  tl::nn::initialize(space, 0.02, generator);
  std::vector<float> first(20), second(8);
  tl::normal_(first, 0.0, 0.02, expected);
  tl::normal_(second, 0.0, 0.02, expected);
  CHECK(space.at("first.weight").value().to_vector() == first);
  CHECK(space.at("second.weight").value().to_vector() == second);
  CHECK(space.at("first.bias").value().to_vector() == std::vector<float>(4, 0.0f));
  CHECK(space.at("norm.weight").value().to_vector() == std::vector<float>(4, 1.0f));
  CHECK(space.at("norm.bias").value().to_vector() == std::vector<float>(4, 0.0f));
  CHECK(generator.next_u32() == expected.next_u32());
}
