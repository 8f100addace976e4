// cross_entropy with class weights and focal loss, bce_with_logits with pos_weight.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/bce_with_logits.hpp>
#include <tl/ops/cross_entropy.hpp>

using namespace tl::test;

namespace {

tl::Tensor<std::int64_t> class_ids(const std::vector<std::int64_t>& labels) {
  return tl::Tensor<std::int64_t>::from(labels, {static_cast<std::int64_t>(labels.size())});
}

tl::Tensor<float> weights_of(const std::vector<float>& weights) {
  return tl::Tensor<float>::from(weights, {static_cast<std::int64_t>(weights.size())});
}

}  // namespace

TEST_CASE("weighted losses: values and gradients of PyTorch") {
  check_op("weighted_losses", []<class T>(const OpCase& c, const std::vector<tl::Variable<T>>& in) {
    const auto weights = c.tensor<T>("weights");
    if (c.options().at("kind") == "bce_with_logits")
      return tl::ops::bce_with_logits(in[0], c.tensor<T>("target"), weights);
    return tl::ops::cross_entropy(in[0], c.tensor<std::int64_t>("labels"),
                                  {.label_smoothing = c.options().value("label_smoothing", 0.0),
                                   .focal_gamma = c.options().value("focal_gamma", 0.0)},
                                  weights);
  });
}

TEST_CASE("weighted losses: weights of 1 are no weights, and no weights are the bits of before") {
  const tl::Tensor<float> x = varied<float>({6, 3}, 1);
  const auto labels = class_ids({0, 1, -100, 2, 1, 0});
  for (const double smoothing : {0.0, 0.2}) {
    const tl::Variable<float> plain(x.clone(), true), weighted(x.clone(), true);
    const auto loss = tl::ops::cross_entropy(plain, labels, {.label_smoothing = smoothing});
    const auto same = tl::ops::cross_entropy(weighted, labels, {.label_smoothing = smoothing}, weights_of({1, 1, 1}));
    CHECK(std::abs(loss.value().item() - same.value().item()) <= 1e-6F);
    loss.backward();
    same.backward();
    const std::vector<float> expected = plain.grad().to_vector(), got = weighted.grad().to_vector();
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - expected[i]) <= 1e-7F);
  }
}

TEST_CASE("weighted losses: without a row that counts the loss is NaN and the gradient 0") {
  const tl::Variable<float> logits(varied<float>({2, 3}, 1), true);
  const auto loss = tl::ops::cross_entropy(logits, class_ids({-100, 1}), {}, weights_of({1, 0, 1}));
  CHECK(std::isnan(loss.value().item()));
  loss.backward();
  CHECK(logits.grad().to_vector() == std::vector<float>(6, 0.0F));
}

TEST_CASE("weighted losses: focal loss of a label that is certain, or impossible") {
  const tl::Variable<float> logits(tl::Tensor<float>::from({200.0F, 0.0F, -200.0F, 0.0F}, {2, 2}), true);
  for (const double gamma : {0.5, 1.0, 2.0}) {
    logits.zero_grad();
    const auto loss = tl::ops::cross_entropy(logits, class_ids({0, 0}), {.focal_gamma = gamma});
    CHECK(loss.value().item() == 100.0F);
    loss.backward();
    CHECK(logits.grad().to_vector() == std::vector<float>{0.0F, 0.0F, -0.5F, 0.5F});
  }
}

TEST_CASE("weighted losses: error sentences") {
  const auto labels = class_ids({0, 1});
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({2, 3}), labels, {}, weights_of({1, 2})),
                   "cross_entropy: expected class weights [3], one for each class, got f32[2]@cpu");
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({2, 2}), labels, {}, weights_of({1, -2})),
                   "cross_entropy: expected finite class weights of at least 0, got -2");
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({2, 2}), labels, {.focal_gamma = -1}),
                   "cross_entropy: expected a finite focal_gamma of at least 0, got -1");
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({2, 2}), labels, {.label_smoothing = 0.1, .focal_gamma = 2}),
                   "cross_entropy: expected label_smoothing to be 0 with focal_gamma 2, got 0.1");
  const tl::Tensor<float> target = tl::Tensor<float>::full({2, 2}, 1.0F);
  TL_REQUIRE_ERROR(tl::ops::bce_with_logits(leaf({2, 2}), target, weights_of({1})),
                   "bce_with_logits: expected a pos_weight [C] for logits [B, C], got f32[1]@cpu and f32[2, 2]@cpu");
  TL_REQUIRE_ERROR(tl::ops::bce_with_logits(leaf({2, 2}), target, weights_of({1, NAN})),
                   "bce_with_logits: expected a finite pos_weight of at least 0, got nan");
}
