// sum and squared_norm on the GPU against the CPU.
#include <tl/kernels/cpu/squared_norm.hpp>
#include <tl/kernels/cpu/sum.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

/// No element, less than a warp, around a block, around a chunk, several chunks.
constexpr std::int64_t sum_lengths[] = {0, 1, 33, 257, k::squared_norm_chunk, k::squared_norm_chunk + 1, 50000};

}  // namespace

TEST_CASE("cuda sum: equals the CPU, forward and backward") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : sum_lengths) {
    KernelCase c("sum", {n});
    const auto x = c.input({n}), dy = c.input({1}), dx = c.result({n});
    // Additions in double: in float only the last rounding is seen, relative to what is added.
    const auto y = c.result({1}, {.terms = n, .largest = 1.0});
    c.check(
        [=]<class T>(CaseMemory<T>& at) { return k::SumForward<T>{.x = at[x], .y = at[y], .n = n, .scale = T(0.75)}; });
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::SumBackward<T>{.dy = at[dy], .dx = at[dx], .n = n, .scale = T(-0.75)};
    });
  }
}

TEST_CASE("cuda squared_norm: equals the CPU, and passes over chunks that are known to be zero") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : sum_lengths) {
    KernelCase c("squared_norm", {n});
    const auto x = c.input({n});
    const auto norm = c.fixed_result<double>({1}, {.terms = n});
    c.check([=]<class T>(CaseMemory<T>& at) { return k::SquaredNorm<T>{.x = at[x], .result = at[norm], .n = n}; });
    const std::int64_t chunks = (n + k::squared_norm_chunk - 1) / k::squared_norm_chunk;
    std::vector<std::uint8_t> some(static_cast<std::size_t>(chunks));
    for (std::size_t i = 0; i < some.size(); ++i) some[i] = i % 2 == 1;
    const auto active = c.fixed_input<std::uint8_t>({chunks}, some);
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::SquaredNorm<T>{.x = at[x], .result = at[norm], .n = n, .active = at[active]};
    });
  }
}
