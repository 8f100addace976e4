// add and subtract.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/add.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("add: values and gradients of PyTorch") {
  check_op("add", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::add(in[0], in[1], static_cast<T>(c.options().at("alpha").get<double>()));
  });
}

TEST_CASE("add: the operators") {
  const Variable<double> a(Tensor<double>::from({1.0, 2.0}, {2})), b(Tensor<double>::from({10.0, 20.0}, {2}));
  CHECK((a + b).value().to_vector() == std::vector<double>{11.0, 22.0});
  CHECK((a - b).value().to_vector() == std::vector<double>{-9.0, -18.0});
  CHECK(tl::ops::subtract(b, a).value().to_vector() == std::vector<double>{9.0, 18.0});
}

TEST_CASE("add: a variable added to itself gets both gradients") {
  const Variable<double> a(Tensor<double>::from({1.0, 2.0}, {2}), true);
  tl::ops::sum(a + a).backward();
  CHECK(a.grad().to_vector() == std::vector<double>{2.0, 2.0});
}

TEST_CASE("add: y may be one of the summands") {
  Tensor<float> a = varied<float>({1000}, 1), expected = a.clone();
  const Tensor<float> b = varied<float>({1000}, 2);
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::Add<float>{.a = a.data(), .b = b.data(), .y = a.data(), .n = 1000, .alpha = 0.5F});
  for (std::int64_t i = 0; i < 1000; ++i) expected.data()[i] += 0.5F * b.data()[i];
  TL_CHECK_CLOSE(compare(a, expected.cast<double>(), 1));
}

TEST_CASE("add: the same bits for every thread count") {
  check_thread_counts({{300, 131}, {300, 131}}, [](const auto& in) { return tl::ops::add(in[0], in[1], 0.3F); });
}

TEST_CASE("add: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::add(leaf({2, 3}), leaf({3, 2})),
                   "add: expected two variables of the same shape, got f32[2, 3]@cpu and f32[3, 2]@cpu");
}
