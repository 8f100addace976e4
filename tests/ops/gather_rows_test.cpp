// gather_rows.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/gather_rows.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("gather_rows: values and gradients of PyTorch") {
  check_op("gather_rows", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::gather_rows(in[0], c.integers("rows"));
  });
}

TEST_CASE("gather_rows: y is overwritten, dx accumulates") {
  const std::vector<std::int32_t> rows{2, 2, 0};
  const Tensor<float> x = varied<float>({3, 5}, 1);
  Tensor<float> y = Tensor<float>::full({3, 5}, NAN), dx = Tensor<float>::full({3, 5}, 0.5F);
  tl::kernels::run(tl::cpu_device, tl::kernels::GatherRowsForward<float>{
                                       .x = x.data(), .rows = rows.data(), .y = y.data(), .n = 3, .m = 3, .d = 5});
  CHECK(same_bits(y[1], x[2]));
  CHECK(same_bits(y[2], x[0]));
  const Tensor<float> ones = Tensor<float>::full({3, 5}, 1.0F);
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::GatherRowsBackward<float>{
                       .dy = ones.data(), .rows = rows.data(), .dx = dx.data(), .n = 3, .m = 3, .d = 5});
  CHECK(dx.at({0, 4}) == 1.5F);
  CHECK(dx.at({1, 4}) == 0.5F);
  CHECK(dx.at({2, 4}) == 2.5F);
}

TEST_CASE("gather_rows: the same bits for every thread count") {
  std::vector<std::int32_t> rows(300);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int32_t>(i * i % 50);
  const auto stored = Tensor<std::int32_t>::from(rows, {300});
  check_thread_counts({{50, 515}}, [&](const auto& in) { return tl::ops::gather_rows(in[0], stored); });
}

TEST_CASE("gather_rows: error sentences") {
  const auto rows = Tensor<std::int32_t>::from({0, 3}, {2});
  TL_REQUIRE_ERROR(tl::ops::gather_rows(leaf({3, 2}), rows), "gather_rows: expected ids in [0, 3), got 3 at row 1");
  TL_REQUIRE_ERROR(tl::ops::gather_rows(leaf({3}), rows),
                   "gather_rows: expected x [N, D] and rows [M], got f32[3]@cpu and i32[2]@cpu");
}
