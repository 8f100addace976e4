// sum and mean over all elements.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/sum.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("sum: values and gradients of PyTorch") {
  check_op("sum", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::sum(in[0], static_cast<T>(c.options().at("scale").get<double>()));
  });
}

TEST_CASE("sum: a million terms lose nothing to rounding") {
  const std::int64_t n = 1'000'003;
  const Variable<float> x(Tensor<float>::full({n}, 0.1F));
  CHECK(tl::ops::sum(x).value().item() == static_cast<float>(static_cast<double>(0.1F) * static_cast<double>(n)));
}

TEST_CASE("sum: mean") {
  const Variable<double> x(Tensor<double>::from({1.0, 2.0, 6.0}, {3}), true);
  const Variable<double> mean = tl::ops::mean(x);
  CHECK(std::abs(mean.value().item() - 3.0) < 1e-15);
  mean.backward();
  for (const double g : x.grad().span()) CHECK(g == 1.0 / 3.0);
}

TEST_CASE("sum: no elements") {
  CHECK(tl::ops::sum(leaf({0})).value().item() == 0.0F);
  TL_REQUIRE_ERROR(tl::ops::mean(leaf({0})), "mean: expected at least one element, got f32[0]@cpu");
}

TEST_CASE("sum: the same bits for every thread count") {
  check_thread_counts({{300, 131}}, [](const auto& in) { return tl::ops::sum(in[0], 0.3F); });
}
