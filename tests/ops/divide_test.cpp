// divide, element by element.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/add.hpp>
#include <tl/ops/divide.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("divide: values and gradients of PyTorch") {
  check_op("divide",
           []<class T>(const OpCase&, const std::vector<Variable<T>>& in) { return tl::ops::divide(in[0], in[1]); });
}

TEST_CASE("divide: the operator, by a constant, and of a constant") {
  const Variable<double> a(Tensor<double>::from({3.0, -2.0}, {2}), true), b(Tensor<double>::from({2.0, 4.0}, {2}));
  CHECK((a / b).value().to_vector() == std::vector<double>{1.5, -0.5});
  tl::ops::sum(a / b + b / a).backward();
  CHECK(a.grad().to_vector() == std::vector<double>{0.5 - 2.0 / 9.0, 0.25 - 1.0});
  CHECK((b / Variable<double>(Tensor<double>::zeros({2}))).value().at({0}) == std::numeric_limits<double>::infinity());
}

TEST_CASE("divide: the same bits for every thread count") {
  check_thread_counts({{300, 131}, {300, 131}}, [](const auto& in) { return tl::ops::divide(in[0], in[1]); });
}

TEST_CASE("divide: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::divide(leaf({2}), leaf({3})),
                   "divide: expected two variables of the same shape, got f32[2]@cpu and f32[3]@cpu");
}
