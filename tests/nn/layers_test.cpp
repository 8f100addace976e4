#include <tl/nn/embedding.hpp>

#include <tl/nn/dropout.hpp>
#include <tl/nn/layer_norm.hpp>
#include <tl/nn/linear.hpp>
#include <tl/ops/sum.hpp>
#include "support/catch.hpp"

namespace nn = tl::nn;
using tl::Tensor;
using tl::Variable;

TEST_CASE("Linear is x W^T + b, and project leaves b out") {
  nn::Linear<double> layer(2, 3);
  tl::ParameterSpace<double> space(nn::named_parameters<double>(layer));
  space.at("weight").value().copy_from(Tensor<double>::from({1, 2, 3, 4, 5, 6}, {3, 2}));
  space.at("bias").value().copy_from(Tensor<double>::from({10, 20, 30}, {3}));
  const Variable<double> x(Tensor<double>::from({1, -1}, {1, 2}));
  CHECK(layer(x).value().to_vector() == std::vector<double>{9, 19, 29});
  CHECK(layer.project(x).value().to_vector() == std::vector<double>{-1, -1, -1});
}

TEST_CASE("LayerNorm normalises rows") {
  nn::LayerNorm<double> layer(4);
  tl::ParameterSpace<double> space(nn::named_parameters<double>(layer));
  space.at("weight").value().fill(2.0);
  space.at("bias").value().fill(1.0);
  const auto y = layer(Variable<double>(Tensor<double>::from({1, 1, 3, 3}, {1, 4}))).value();
  const double expected = 2.0 / std::sqrt(1.0 + 1e-5);
  CHECK(std::abs(y.at({0, 0}) - (1.0 - expected)) < 1e-15);
  CHECK(std::abs(y.at({0, 3}) - (1.0 + expected)) < 1e-15);
  CHECK(layer.describe() == "LayerNorm((4,), eps=1e-05, elementwise_affine=True)");
}

TEST_CASE("Embedding looks rows up, and names an id outside its table") {
  nn::Embedding<float> layer(3, 2);
  tl::ParameterSpace<float> space(nn::named_parameters<float>(layer));
  space.at("weight").value().copy_from(Tensor<float>::from({1, 2, 3, 4, 5, 6}, {3, 2}));
  const auto ids = Tensor<std::int32_t>::from({2, 0, 2}, {3});
  const auto y = layer(ids);
  CHECK(y.value().to_vector() == std::vector<float>{5, 6, 1, 2, 5, 6});
  tl::ops::sum(y).backward();
  CHECK(space.at("weight").gradient().to_vector() == std::vector<float>{1, 1, 0, 0, 2, 2});
  TL_REQUIRE_ERROR(layer(Tensor<std::int32_t>::from({0, 3}, {2})), "expected ids in [0, 3), got 3 at row 1");
  CHECK(layer.describe() == "Embedding(3, 2)");
}

TEST_CASE("Dropout keeps the share 1 - p scaled up while training, and everything otherwise") {
  const nn::Dropout dropout{0.25, 4};
  const Variable<float> x(Tensor<float>::full({64, 256}, 1.0f), true);
  CHECK(dropout(x, {}).value().data() == x.value().data());
  const auto y = dropout(x, {.training = true});
  std::int64_t kept = 0;
  for (const float value : y.value().span()) {
    if (value == 0.0f) continue;
    REQUIRE(value == 4.0f / 3.0f);
    ++kept;
  }
  const double n = 64 * 256, share = static_cast<double>(kept) / n;
  CHECK(std::abs(share - 0.75) < 5 * std::sqrt(0.25 * 0.75 / n));
  // The gradient passes where the value passed.
  tl::ops::sum(y).backward();
  CHECK(x.grad().to_vector() == y.value().to_vector());
  TL_REQUIRE_ERROR((nn::Dropout{1.5, 0}(x, {.training = true})), "dropout: expected p in [0, 1], got 1.5");
}

TEST_CASE("sites, steps and seeds have masks of their own") {
  const Variable<float> x(Tensor<float>::full({8, 64}, 1.0f));
  const auto run = [&](std::uint32_t site, nn::ForwardContext context) {
    context.training = true;
    return nn::Dropout{0.5, site}(x, context).value().to_vector();
  };
  const auto first = run(1, {.seed = 1, .step = 1});
  CHECK(first == run(1, {.seed = 1, .step = 1}));
  CHECK(first != run(2, {.seed = 1, .step = 1}));
  CHECK(first != run(1, {.seed = 2, .step = 1}));
  CHECK(first != run(1, {.seed = 1, .step = 2}));
}
