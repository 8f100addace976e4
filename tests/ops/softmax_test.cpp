// softmax and log_softmax over the last dimension.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/softmax.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("softmax: values and gradients of PyTorch") {
  check_op("softmax", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return c.options().at("logarithm").get<bool>() ? tl::ops::log_softmax(in[0]) : tl::ops::softmax(in[0]);
  });
}

TEST_CASE("softmax: large scores do not overflow, and a NaN stays one") {
  const Variable<float> x(Tensor<float>::from({3e38F, 3e38F, -3e38F, 1.0F, NAN, 2.0F}, {2, 3}));
  const auto y = tl::ops::softmax(x).value().to_vector();
  CHECK(std::vector<float>(y.begin(), y.begin() + 3) == std::vector<float>{0.5F, 0.5F, 0.0F});
  for (std::size_t i = 3; i < 6; ++i) CHECK(std::isnan(y[i]));
}

TEST_CASE("softmax: the same bits for every thread count") {
  check_thread_counts({{300, 131}}, [](const auto& in) { return tl::ops::softmax(in[0]); });
  check_thread_counts({{300, 131}}, [](const auto& in) { return tl::ops::log_softmax(in[0]); });
}

TEST_CASE("softmax: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::softmax(leaf({})),
                   "softmax: expected at least one dimension, and elements in the last one, got f32[]@cpu");
  TL_REQUIRE_ERROR(tl::ops::log_softmax(leaf({2, 0})),
                   "log_softmax: expected at least one dimension, and elements in the last one, got f32[2, 0]@cpu");
}
