// add_row and multiply_row.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/row_broadcast.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("row_broadcast: values and gradients of PyTorch") {
  check_op("row_broadcast", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return c.options().at("multiply").get<bool>() ? tl::ops::multiply_row(in[0], in[1])
                                                  : tl::ops::add_row(in[0], in[1]);
  });
}

TEST_CASE("row_broadcast: only one side wants a gradient") {
  const Variable<float> x(Tensor<float>::from({1, 2, 3, 4}, {2, 2}), true), row(Tensor<float>::from({5, 6}, {2}));
  tl::ops::sum(tl::ops::multiply_row(x, row)).backward();
  CHECK(x.grad().to_vector() == std::vector<float>{5, 6, 5, 6});
  const Variable<float> trained(row.value(), true);
  tl::ops::sum(tl::ops::multiply_row(x.detach(), trained)).backward();
  CHECK(trained.grad().to_vector() == std::vector<float>{4, 6});
}

TEST_CASE("row_broadcast: the same bits for every thread count") {
  check_thread_counts({{300, 131}, {131}}, [](const auto& in) { return tl::ops::add_row(in[0], in[1]); });
  check_thread_counts({{300, 131}, {131}}, [](const auto& in) { return tl::ops::multiply_row(in[0], in[1]); });
}

TEST_CASE("row_broadcast: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::add_row(leaf({2, 3}), leaf({2})),
                   "add_row: expected x [N, D] and row [D], got f32[2, 3]@cpu and f32[2]@cpu");
  TL_REQUIRE_ERROR(tl::ops::multiply_row(leaf({2}), leaf({2})), "multiply_row: expected x [N, D] and row [D], got");
}
