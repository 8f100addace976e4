#include <tl/autograd/gradient_check.hpp>

#include <tl/ops/add.hpp>
#include <tl/ops/bias_activation.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>
#include "support/catch.hpp"

using tl::Tensor;
using tl::Variable;

namespace {

using Inputs = std::vector<Variable<double>>;

Inputs two_inputs() {
  return {Variable<double>(Tensor<double>::from({0.5, -1.5, 2.0}, {1, 3}), true),
          Variable<double>(Tensor<double>::from({1.0, 3.0, -0.25}, {1, 3}), true)};
}

// x^2 with a rule whose factor can be wrong.
Variable<double> square(const Variable<double>& x, double factor) {
  const auto y = (x * x).value();
  return Variable<double>::record(y, {x}, [=, xv = x.value(), g = x.gradient()](const Tensor<double>& dy) {
    auto dx = Tensor<double>::empty(dy.shape());
    for (std::int64_t i = 0; i < dy.elements(); ++i) dx.data()[i] = factor * xv.data()[i] * dy.data()[i];
    g.add(dx);
  });
}

}  // namespace

TEST_CASE("a right rule passes") {
  const auto result = tl::gradient_check(
      [](const Inputs& in) { return tl::ops::sum(tl::ops::gelu(in[0]) * in[1] + in[0]); }, two_inputs());
  INFO(result.worst);
  CHECK(result.passed);
  CHECK(result.largest_error < 1e-8);
}

TEST_CASE("a wrong rule is found, with the input and element it is wrong at") {
  const auto result =
      tl::gradient_check([](const Inputs& in) { return tl::ops::sum(square(in[1], 2.001) + in[0]); }, two_inputs());
  CHECK_FALSE(result.passed);
  CHECK(result.largest_error > 1e-4);
  CHECK(result.worst.find("input 1 element 1: backward 6.003") == 0);
}

TEST_CASE("a forgotten rule is found") {
  const auto result =
      tl::gradient_check([](const Inputs& in) { return tl::ops::sum(in[0].detach() * in[1]); }, two_inputs());
  CHECK_FALSE(result.passed);
  CHECK(result.worst.find("input 0") == 0);
}

TEST_CASE("a rule that gives NaN is found") {
  const auto result =
      tl::gradient_check([](const Inputs& in) { return tl::ops::sum(square(in[0], std::nan(""))); }, two_inputs());
  CHECK_FALSE(result.passed);
}

TEST_CASE("values are the same after the check, and old gradients do not count") {
  auto inputs = two_inputs();
  tl::ops::sum(inputs[0]).backward();
  const auto before = inputs[0].value().to_vector();
  const auto result = tl::gradient_check([](const Inputs& in) { return tl::ops::sum(in[0] * in[1]); }, inputs);
  CHECK(result.passed);
  CHECK(inputs[0].value().to_vector() == before);
}
