// segment_max.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/core/finite.hpp>
#include <tl/ops/segment_max.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("segment_max: values and gradients of PyTorch") {
  check_op("segment_max", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::segment_max(in[0], c.integers("cu_seqlens"));
  });
}

TEST_CASE("segment_max: everything is overwritten, the first of equal rows counts, an empty segment is 0") {
  const std::vector<std::int32_t> offsets{0, 2, 2, 4};
  const Tensor<float> x = Tensor<float>::from({-1, 2, -3, 6, 5, 7, 5, 8}, {4, 2});
  Tensor<float> y = Tensor<float>::full({3, 2}, NAN), dx = Tensor<float>::full({5, 2}, NAN);
  auto argmax = Tensor<std::int32_t>::full({3, 2}, 77);
  tl::kernels::run(
      tl::cpu_device,
      tl::kernels::SegmentMaxForward<float>{
          .x = x.data(), .cu_seqlens = offsets.data(), .y = y.data(), .argmax = argmax.data(), .n = 4, .b = 3, .d = 2});
  CHECK(y.to_vector() == std::vector<float>{-1, 6, 0, 0, 5, 8});
  CHECK(argmax.to_vector() == std::vector<std::int32_t>{0, 1, -1, -1, 2, 3});
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::SegmentMaxBackward<float>{
                       .dy = y.data(), .argmax = argmax.data(), .dx = dx.data(), .n = 5, .b = 3, .d = 2});
  CHECK(dx.to_vector() == std::vector<float>{-1, 0, 0, 6, 5, 0, 0, 8, 0, 0});
}

TEST_CASE("segment_max: a NaN in any row is the result") {
  const auto offsets = Tensor<std::int32_t>::from({0, 3}, {2});
  for (std::int64_t place = 0; place < 3; ++place) {
    Tensor<float> x = Tensor<float>::from({1, 3, 2}, {3, 1});
    x.data()[place] = NAN;
    CHECK(tl::detail::is_nan(tl::ops::segment_max(Variable<float>(x), offsets).value().data()[0]));
  }
}

TEST_CASE("segment_max: the same bits for every thread count") {
  const auto offsets = Tensor<std::int32_t>::from({0, 17, 17, 60, 150}, {5});
  check_thread_counts({{150, 131}}, [&](const auto& in) { return tl::ops::segment_max(in[0], offsets); });
}

TEST_CASE("segment_max: error sentences") {
  const auto offsets = Tensor<std::int32_t>::from({0, 2}, {2});
  TL_REQUIRE_ERROR(tl::ops::segment_max(leaf({3, 2}), offsets),
                   "segment_max: expected offsets that end at the 3 rows, got 2");
  TL_REQUIRE_ERROR(tl::ops::segment_max(leaf({2}), offsets),
                   "segment_max: expected x [N, D] and cu_seqlens [B + 1], got f32[2]@cpu and i32[2]@cpu");
}
