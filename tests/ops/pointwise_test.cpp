// exp, log and sigmoid, element by element.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/pointwise.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("pointwise: values and gradients of PyTorch") {
  check_op("pointwise", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    const std::string function = c.options().at("function");
    return function == "exp" ? tl::ops::exp(in[0]) : function == "log" ? tl::ops::log(in[0]) : tl::ops::sigmoid(in[0]);
  });
}

TEST_CASE("pointwise: ends of the range") {
  const float infinity = std::numeric_limits<float>::infinity();
  const Variable<float> x(Tensor<float>::from({-infinity, -200.0F, 0.0F, 200.0F, infinity}, {5}));
  CHECK(tl::ops::sigmoid(x).value().to_vector() == std::vector<float>{0.0F, 0.0F, 0.5F, 1.0F, 1.0F});
  CHECK(tl::ops::exp(x).value().to_vector() == std::vector<float>{0.0F, 0.0F, 1.0F, infinity, infinity});
  const Variable<float> y(Tensor<float>::from({0.0F, 1.0F, -1.0F}, {3}));
  CHECK(tl::ops::log(y).value().at({0}) == -infinity);
  CHECK(tl::ops::log(y).value().at({1}) == 0.0F);
  CHECK(std::isnan(tl::ops::log(y).value().at({2})));
}

TEST_CASE("pointwise: the same bits for every thread count") {
  check_thread_counts({{300, 131}}, [](const auto& in) { return tl::ops::sigmoid(tl::ops::exp(in[0])); });
}
