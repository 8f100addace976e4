// bce_with_logits, the loss of several labels.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/bce_with_logits.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("bce_with_logits: values and gradients of PyTorch") {
  check_op("bce_with_logits", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::bce_with_logits(in[0], c.tensor<T>("target"));
  });
}

TEST_CASE("bce_with_logits: logits that are far out stay finite") {
  const Variable<float> x(Tensor<float>::from({-1000.0F, 1000.0F}, {2}), true);
  const Variable<float> loss = tl::ops::bce_with_logits(x, Tensor<float>::from({1.0F, 1.0F}, {2}));
  CHECK(loss.value().item() == 500.0F);
  loss.backward();
  CHECK(x.grad().to_vector() == std::vector<float>{-0.5F, 0.0F});
}

TEST_CASE("bce_with_logits: the same bits for every thread count") {
  const auto target = Tensor<float>::full({300, 131}, 0.25F);
  check_thread_counts({{300, 131}}, [&](const auto& in) { return tl::ops::bce_with_logits(in[0], target); });
}

TEST_CASE("bce_with_logits: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::bce_with_logits(leaf({2}), Tensor<float>::zeros({3})),
                   "bce_with_logits: expected logits and a target of the same shape with elements, got f32[2]@cpu and "
                   "f32[3]@cpu");
  TL_REQUIRE_ERROR(tl::ops::bce_with_logits(leaf({0}), Tensor<float>::zeros({0})), "of the same shape with elements");
}
