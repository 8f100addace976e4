// multiply, element by element.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/add.hpp>
#include <tl/ops/multiply.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("multiply: values and gradients of PyTorch") {
  check_op("multiply",
           []<class T>(const OpCase&, const std::vector<Variable<T>>& in) { return tl::ops::multiply(in[0], in[1]); });
}

TEST_CASE("multiply: the operator, and a square") {
  const Variable<double> a(Tensor<double>::from({3.0, -2.0}, {2}), true);
  const Variable<double> square = a * a;
  CHECK(square.value().to_vector() == std::vector<double>{9.0, 4.0});
  tl::ops::sum(square).backward();
  CHECK(a.grad().to_vector() == std::vector<double>{6.0, -4.0});
}

TEST_CASE("multiply: by a number, and the negative") {
  const Variable<float> a(Tensor<float>::from({3.0F, -2.0F, 0.5F}, {3}), true);
  CHECK((a * 2.0F).value().to_vector() == std::vector<float>{6.0F, -4.0F, 1.0F});
  CHECK((0.5 * a).value().to_vector() == std::vector<float>{1.5F, -1.0F, 0.25F});
  CHECK((a * 2).value().shape() == Shape{3});
  CHECK((-a).value().to_vector() == std::vector<float>{-3.0F, 2.0F, -0.5F});
  tl::ops::sum(-a + 3 * a * a + a * 4).backward();
  CHECK(a.grad().to_vector() == std::vector<float>{21.0F, -9.0F, 6.0F});

  const Variable<double> x(varied<double>({3, 4}, 1), true);
  const auto result = tl::gradient_check([](const auto& in) { return tl::ops::sum(-(in[0] * in[0]) * 0.3); }, {x});
  INFO(result.worst);
  CHECK(result.passed);
}

TEST_CASE("multiply: overwrites, or accumulates if asked to") {
  const std::vector<float> a{1, 2, 3}, b{4, 5, 6};
  std::vector<float> y(3, NAN);
  tl::kernels::run(tl::cpu_device, tl::kernels::Multiply<float>{.a = a.data(), .b = b.data(), .y = y.data(), .n = 3});
  CHECK(y == std::vector<float>{4, 10, 18});
  tl::kernels::run(tl::cpu_device, tl::kernels::Multiply<float>{
                                       .a = a.data(), .b = b.data(), .y = y.data(), .n = 3, .accumulate = true});
  CHECK(y == std::vector<float>{8, 20, 36});
}

TEST_CASE("multiply: the same bits for every thread count") {
  check_thread_counts({{300, 131}, {300, 131}}, [](const auto& in) { return tl::ops::multiply(in[0], in[1]); });
}

TEST_CASE("multiply: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::multiply(leaf({2}), leaf({3})),
                   "multiply: expected two variables of the same shape, got f32[2]@cpu and f32[3]@cpu");
}
