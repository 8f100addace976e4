// segment_mean and segment_max on the GPU against the CPU.
#include <limits>

#include <tl/kernels/cpu/segment_max.hpp>
#include <tl/kernels/cpu/segment_mean.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

using Offsets = std::vector<std::int32_t>;

/// Segments of one row, of none at the beginning, in the middle and at the end, of many rows.
const std::vector<Offsets> offset_cases{{0, 1}, {0}, {0, 0, 3, 3, 3, 5, 5}, {0, 40, 41, 141}, {0, 7, 7}};
/// Rows after those of the last segment, which belong to none.
constexpr std::int64_t left_over[] = {0, 3};
constexpr std::int64_t widths[] = {1, 33, 260};

}  // namespace

TEST_CASE("cuda segment_mean: equals the CPU, also for empty segments and rows of none") {
  TL_SKIP_WITHOUT_GPU();
  for (const Offsets& offsets : offset_cases)
    for (const std::int64_t more : left_over)
      for (const std::int64_t d : widths) {
        const std::int64_t n = offsets.back() + more, b = static_cast<std::int64_t>(offsets.size()) - 1;
        KernelCase c("segment_mean", {b, d});
        const auto x = c.input({n, d}), dy = c.input({b, d});
        const auto cu_seqlens = c.fixed_input<std::int32_t>({b + 1}, offsets);
        const auto y = c.result({b, d}, {.terms = n}), dx = c.result({n, d});
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::SegmentMeanForward<T>{.x = at[x], .cu_seqlens = at[cu_seqlens], .y = at[y], .n = n, .b = b, .d = d};
        });
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::SegmentMeanBackward<T>{
              .dy = at[dy], .cu_seqlens = at[cu_seqlens], .dx = at[dx], .n = n, .b = b, .d = d};
        });
      }
}

TEST_CASE("cuda segment_max: the CPU's bits and rows") {
  TL_SKIP_WITHOUT_GPU();
  for (const Offsets& offsets : offset_cases)
    for (const std::int64_t more : left_over)
      for (const std::int64_t d : widths) {
        const std::int64_t n = offsets.back() + more, b = static_cast<std::int64_t>(offsets.size()) - 1;
        KernelCase c("segment_max", {b, d});
        // Few different numbers, so that the first of equal rows matters.
        std::vector<double> values(static_cast<std::size_t>(n * d));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>((i * i + i / 7) % 5) - 2.0;
        const auto x = c.input({n, d}, values), dy = c.input({b, d});
        const auto cu_seqlens = c.fixed_input<std::int32_t>({b + 1}, offsets);
        const auto y = c.result({b, d}, {.same_bits = true}), dx = c.result({n, d}, {.same_bits = true});
        const auto argmax = c.fixed_result<std::int32_t>({b, d});
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::SegmentMaxForward<T>{
              .x = at[x], .cu_seqlens = at[cu_seqlens], .y = at[y], .argmax = at[argmax], .n = n, .b = b, .d = d};
        });
        Offsets rows(static_cast<std::size_t>(b * d), -1);
        for (std::int64_t i = 0; i < b * d; ++i) {
          const auto segment = static_cast<std::size_t>(i / d);
          if (const std::int32_t length = offsets[segment + 1] - offsets[segment]; length > 0)
            rows[static_cast<std::size_t>(i)] = offsets[segment] + static_cast<std::int32_t>(i % d) % length;
        }
        const auto chosen = c.fixed_input<std::int32_t>({b, d}, rows);
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::SegmentMaxBackward<T>{.dy = at[dy], .argmax = at[chosen], .dx = at[dx], .n = n, .b = b, .d = d};
        });
      }
}

TEST_CASE("cuda segment_max: a NaN in any row is the result") {
  TL_SKIP_WITHOUT_GPU();
  for (std::size_t place = 0; place < 3; ++place) {
    KernelCase c("segment_max", {1, 1});
    std::vector<double> values{1, 3, 2};
    values[place] = std::numeric_limits<double>::quiet_NaN();
    const auto x = c.input({3, 1}, values), y = c.result({1, 1});
    const auto cu_seqlens = c.fixed_input<std::int32_t>({2}, {0, 3});
    const auto argmax = c.fixed_result<std::int32_t>({1, 1});
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::SegmentMaxForward<T>{
          .x = at[x], .cu_seqlens = at[cu_seqlens], .y = at[y], .argmax = at[argmax], .n = 3, .b = 1, .d = 1};
    });
  }
}

TEST_CASE("cuda segments: offsets that are not of the rows give NaN, and no gradient outside") {
  TL_SKIP_WITHOUT_GPU();
  KernelCase c("segments", {3, 1});
  const auto x = c.input({4, 1}, {1, 2, 3, 4}), y = c.result({3, 1}), dx = c.result({4, 1});
  const auto cu_seqlens = c.fixed_input<std::int32_t>({4}, {0, 2, 1, 9});  // one is longer, one goes back
  const auto argmax = c.fixed_result<std::int32_t>({3, 1});
  const auto means = c.run<float>(
                          [=]<class T>(CaseMemory<T>& at) {
                            return k::SegmentMeanForward<T>{
                                .x = at[x], .cu_seqlens = at[cu_seqlens], .y = at[y], .n = 4, .b = 3, .d = 1};
                          },
                          tl::cuda_device)[y]
                         .to_vector();
  CHECK((means[0] == 1.5F && std::isnan(means[1]) && std::isnan(means[2])));
  const auto largest = c.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        return k::SegmentMaxForward<T>{
            .x = at[x], .cu_seqlens = at[cu_seqlens], .y = at[y], .argmax = at[argmax], .n = 4, .b = 3, .d = 1};
      },
      tl::cuda_device);
  const auto y_of = largest[y].to_vector();
  CHECK((y_of[0] == 2.0F && std::isnan(y_of[1]) && std::isnan(y_of[2])));
  CHECK(largest[argmax].to_vector() == Offsets{1, -1, -1});
  const auto rows = c.fixed_input<std::int32_t>({3, 1}, {1, 4, -7});
  const auto gradient = c.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        return k::SegmentMaxBackward<T>{.dy = at[x], .argmax = at[rows], .dx = at[dx], .n = 4, .b = 3, .d = 1};
      },
      tl::cuda_device);
  CHECK(gradient[dx].to_vector() == std::vector<float>{0, 1, 0, 0});
}
