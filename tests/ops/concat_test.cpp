// concat along a dimension.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/concat.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("concat: values and gradients of PyTorch") {
  check_op("concat", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::concat(in[0], in[1], c.options().at("dimension").get<int>());
  });
}

TEST_CASE("concat: several parts, and parts without a gradient") {
  const Variable<float> a(Tensor<float>::from({1, 2}, {2, 1}), true), b(Tensor<float>::from({3, 4}, {2, 1}));
  const Variable<float> all = tl::ops::concat<float>({a, b, a});
  CHECK(all.value().to_vector() == std::vector<float>{1, 3, 1, 2, 4, 2});
  all.backward(Tensor<float>::from({1, 2, 4, 8, 16, 32}, {2, 3}));
  CHECK(a.grad().to_vector() == std::vector<float>{5, 40});
}

TEST_CASE("concat: the same bits for every thread count") {
  check_thread_counts({{300, 131}, {300, 70}}, [](const auto& in) { return tl::ops::concat(in[0], in[1]); });
}

TEST_CASE("concat: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::concat(leaf({2, 3}), leaf({3, 3}), 1),
                   "concat: expected two variables whose shapes differ in dimension 1 only, got f32[2, 3]@cpu and "
                   "f32[3, 3]@cpu");
  TL_REQUIRE_ERROR(tl::ops::concat(leaf({2}), leaf({3}), 1), "differ in dimension 1 only");
  TL_REQUIRE_ERROR(tl::ops::concat(leaf({2}), leaf({3, 1})), "differ in dimension -1 only");
  TL_REQUIRE_ERROR(tl::ops::concat(std::vector<Variable<float>>{}), "concat: expected at least one variable, got none");
}
