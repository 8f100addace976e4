// cross_entropy.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/cross_entropy.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

Tensor<std::int64_t> labels_of(const std::vector<std::int64_t>& labels) {
  return Tensor<std::int64_t>::from(labels, {static_cast<std::int64_t>(labels.size())});
}

}  // namespace

TEST_CASE("cross_entropy: values and gradients of PyTorch") {
  check_op("cross_entropy", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    tl::ops::CrossEntropyOptions options;
    options.ignore_index = c.options().value("ignore_index", options.ignore_index);
    options.label_smoothing = c.options().value("label_smoothing", 0.0);
    return tl::ops::cross_entropy(in[0], c.tensor<std::int64_t>("labels"), options);
  });
}

TEST_CASE("cross_entropy: without a counted row the loss is NaN and the gradient 0, as in the reference") {
  const Variable<float> logits(varied<float>({2, 3}, 1), true);
  const Variable<float> loss = tl::ops::cross_entropy(logits, labels_of({-100, -100}));
  CHECK(std::isnan(loss.value().item()));
  loss.backward();
  CHECK(logits.grad().to_vector() == std::vector<float>(6, 0.0F));
}

TEST_CASE("cross_entropy: logits that exp cannot hold") {
  const Variable<float> logits(Tensor<float>::from({1e30F, 0.0F, -1e30F, 0.0F}, {2, 2}), true);
  const Variable<float> loss = tl::ops::cross_entropy(logits, labels_of({0, 1}));
  CHECK(loss.value().item() == 0.0F);
  loss.backward();
  for (const float g : logits.grad().span()) CHECK(g == 0.0F);
}

TEST_CASE("cross_entropy: probabilities, loss and dlogits are overwritten") {
  const std::vector<std::int64_t> labels{1, -100};
  const Tensor<float> logits = varied<float>({2, 5}, 1);
  Tensor<float> p = Tensor<float>::full({2, 5}, NAN), dlogits = p.clone(), loss = Tensor<float>::full({1}, NAN);
  tl::kernels::run(tl::cpu_device, tl::kernels::CrossEntropyForward<float>{.logits = logits.data(),
                                                                           .labels = labels.data(),
                                                                           .probabilities = p.data(),
                                                                           .loss = loss.data(),
                                                                           .b = 2,
                                                                           .c = 5});
  const float dloss = 1.0F;
  tl::kernels::run(tl::cpu_device, tl::kernels::CrossEntropyBackward<float>{.dloss = &dloss,
                                                                            .probabilities = p.data(),
                                                                            .labels = labels.data(),
                                                                            .dlogits = dlogits.data(),
                                                                            .b = 2,
                                                                            .c = 5});
  for (std::int64_t row = 0; row < 2; ++row) {
    float sum = 0.0F;
    for (std::int64_t c = 0; c < 5; ++c) sum += p.at({row, c});
    CHECK(std::abs(sum - 1.0F) < 1e-6F);
  }
  CHECK(std::abs(loss.data()[0] + std::log(p.at({0, 1}))) < 1e-6F);
  CHECK(std::abs(dlogits.at({0, 1}) - (p.at({0, 1}) - 1.0F)) < 1e-6F);
  CHECK(dlogits.at({1, 3}) == 0.0F);
}

TEST_CASE("cross_entropy: the same bits for every thread count") {
  std::vector<std::int64_t> labels(70);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i % 50);
  check_thread_counts({{70, 1003}}, [&](const auto& in) {
    return tl::ops::cross_entropy(in[0], labels_of(labels), {.label_smoothing = 0.1});
  });
}

TEST_CASE("cross_entropy: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({3, 2}), labels_of({0, 1, 2})),
                   "cross_entropy: expected labels in [0, 2), got 2 at row 2");
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({3, 2}), labels_of({0, -1, 1})), "got -1 at row 1");
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({3, 2}), labels_of({0, 1})),
                   "cross_entropy: expected logits [B, C] and labels [B], got f32[3, 2]@cpu and i64[2]@cpu");
  TL_REQUIRE_ERROR(tl::ops::cross_entropy(leaf({1, 2}), labels_of({0}), {.label_smoothing = 1.0}),
                   "cross_entropy: expected label_smoothing in [0, 1), got 1");
}
