// segment_mean.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/segment_mean.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("segment_mean: values and gradients of PyTorch") {
  check_op("segment_mean", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::segment_mean(in[0], c.integers("cu_seqlens"));
  });
}

TEST_CASE("segment_mean: y and dx are overwritten") {
  const std::vector<std::int32_t> offsets{0, 2, 2, 3};
  const Tensor<float> x = Tensor<float>::from({1, 2, 3, 6, 5, 7}, {3, 2});
  Tensor<float> y = Tensor<float>::full({3, 2}, NAN), dx = Tensor<float>::full({5, 2}, NAN);
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::SegmentMeanForward<float>{
                       .x = x.data(), .cu_seqlens = offsets.data(), .y = y.data(), .n = 3, .b = 3, .d = 2});
  CHECK(y.to_vector() == std::vector<float>{2, 4, 0, 0, 5, 7});
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::SegmentMeanBackward<float>{
                       .dy = y.data(), .cu_seqlens = offsets.data(), .dx = dx.data(), .n = 5, .b = 3, .d = 2});
  CHECK(dx.to_vector() == std::vector<float>{1, 2, 1, 2, 5, 7, 0, 0, 0, 0});  // two rows of no segment
}

TEST_CASE("segment_mean: the same bits for every thread count") {
  const auto offsets = Tensor<std::int32_t>::from({0, 17, 17, 60, 150}, {5});
  check_thread_counts({{150, 131}}, [&](const auto& in) { return tl::ops::segment_mean(in[0], offsets); });
}

TEST_CASE("segment_mean: error sentences") {
  const auto offsets = Tensor<std::int32_t>::from({0, 2}, {2});
  TL_REQUIRE_ERROR(tl::ops::segment_mean(leaf({3, 2}), offsets),
                   "segment_mean: expected offsets that end at the 3 rows, got 2");
  const auto mean = [](std::vector<std::int32_t> cu) {
    const auto count = static_cast<std::int64_t>(cu.size());
    return tl::ops::segment_mean(leaf({2, 2}), Tensor<std::int32_t>::from(cu, {count}));
  };
  TL_REQUIRE_ERROR(mean({0, 50000000, 2}), "expected ascending offsets of at most 2, the number of rows, got 50000000");
  TL_REQUIRE_ERROR(mean({0, 2, 1, 2}), "got 1 after 2 at position 2");
  TL_REQUIRE_ERROR(mean({0, -1, 2}), "got -1 after 0 at position 1");
  TL_REQUIRE_ERROR(mean({1, 2}), "expected the first sequence to begin at row 0, got 1");
  TL_REQUIRE_ERROR(mean({0}), "expected offsets that end at the 2 rows, got 0");
  TL_REQUIRE_ERROR(tl::ops::segment_mean(leaf({2}), offsets),
                   "segment_mean: expected x [N, D] and cu_seqlens [B + 1], got f32[2]@cpu and i32[2]@cpu");
}
