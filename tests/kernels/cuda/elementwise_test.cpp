// add, multiply, divide and the functions of a number on the GPU against the CPU.
#include <tl/kernels/cpu/add.hpp>
#include <tl/kernels/cpu/divide.hpp>
#include <tl/kernels/cpu/multiply.hpp>
#include <tl/kernels/cpu/pointwise.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

/// No element, less than a warp, around a block, several blocks.
constexpr std::int64_t counts[] = {0, 1, 31, 255, 256, 257, 1000};

std::vector<double> away_from_zero(std::int64_t n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = (i % 2 ? -0.5 : 0.5) * static_cast<double>(1 + i % 17);
  return values;
}

}  // namespace

TEST_CASE("cuda add: equals the CPU, also when y is a") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : counts) {
    KernelCase c("add", {n});
    const auto a = c.input({n}), b = c.input({n}), y = c.result({n}), sum = c.result({n});
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::Add<T>{.a = at[a], .b = at[b], .y = at[y], .n = n, .alpha = T(-0.75)};
    });
    c.check([=]<class T>(CaseMemory<T>& at) { return k::Add<T>{.a = at[sum], .b = at[b], .y = at[sum], .n = n}; });
  }
}

TEST_CASE("cuda multiply: equals the CPU, overwriting and accumulating") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : counts) {
    KernelCase c("multiply", {n});
    const auto a = c.input({n}), b = c.input({n}), y = c.result({n});
    for (const bool accumulate : {false, true})
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::Multiply<T>{.a = at[a], .b = at[b], .y = at[y], .n = n, .accumulate = accumulate};
      });
  }
}

TEST_CASE("cuda divide: equals the CPU, with either gradient alone") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : counts) {
    KernelCase c("divide", {n});
    const auto a = c.input({n}), b = c.input({n}, away_from_zero(n)), y = c.result({n});
    c.check(
        [=]<class T>(CaseMemory<T>& at) { return k::DivideForward<T>{.a = at[a], .b = at[b], .y = at[y], .n = n}; });
    const auto da = c.result({n}), db = c.result({n});
    for (int wanted = 0; wanted < 4; ++wanted)
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::DivideBackward<T>{.dy = at[a],
                                    .b = at[b],
                                    .y = at[y],
                                    .da = wanted & 1 ? at[da] : nullptr,
                                    .db = wanted & 2 ? at[db] : nullptr,
                                    .n = n};
      });
  }
}

TEST_CASE("cuda pointwise: equals the CPU, forward and backward") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto function : {k::Pointwise::exp, k::Pointwise::log, k::Pointwise::sigmoid})
    for (const std::int64_t n : counts) {
      KernelCase c("pointwise", {n});
      std::vector<double> values = away_from_zero(n);
      if (function == k::Pointwise::log)
        for (double& value : values) value = std::abs(value);
      const auto x = c.input({n}, values), dy = c.input({n}), y = c.result({n}), dx = c.result({n});
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::PointwiseForward<T>{.x = at[x], .y = at[y], .n = n, .function = function};
      });
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::PointwiseBackward<T>{.dy = at[dy], .saved = at[x], .dx = at[dx], .n = n, .function = function};
      });
    }
}

TEST_CASE("cuda pointwise: numbers that are not finite, or far out, give what the CPU gives") {
  TL_SKIP_WITHOUT_GPU();
  const double inf = std::numeric_limits<double>::infinity();
  for (const auto function : {k::Pointwise::exp, k::Pointwise::log, k::Pointwise::sigmoid}) {
    KernelCase c("pointwise", {8});
    const auto x = c.input({8}, {inf, -inf, std::nan(""), 0.0, -0.0, 50.0, -50.0, -1.0}), y = c.result({8});
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::PointwiseForward<T>{.x = at[x], .y = at[y], .n = 8, .function = function};
    });
  }
}
