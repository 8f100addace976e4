// mse_loss, the mean squared error.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/mse_loss.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("mse_loss: values and gradients of PyTorch") {
  check_op("mse_loss",
           []<class T>(const OpCase&, const std::vector<Variable<T>>& in) { return tl::ops::mse_loss(in[0], in[1]); });
}

TEST_CASE("mse_loss: the same bits for every thread count") {
  check_thread_counts({{300, 131}, {300, 131}}, [](const auto& in) { return tl::ops::mse_loss(in[0], in[1]); });
}

TEST_CASE("mse_loss: error sentences") {
  TL_REQUIRE_ERROR(
      tl::ops::mse_loss(leaf({2}), leaf({2, 1})),
      "mse_loss: expected two variables of the same shape with elements, got f32[2]@cpu and f32[2, 1]@cpu");
  TL_REQUIRE_ERROR(tl::ops::mse_loss(leaf({0}), leaf({0})), "mse_loss: expected two variables of the same shape with");
}
