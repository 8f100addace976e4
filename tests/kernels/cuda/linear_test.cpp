// The products of a linear layer on the GPU against the CPU.
#include <tl/kernels/cpu/linear.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

/// Rows, inputs and outputs; none of them, one, no multiple of anything, more rows than a piece of a sum has.
constexpr std::int64_t shapes[][3] = {{1, 1, 1},    {7, 5, 3}, {64, 32, 16}, {65, 33, 2},
                                      {200, 3, 17}, {0, 4, 5}, {6, 0, 5},    {6, 4, 0}};

}  // namespace

TEST_CASE("cuda linear_forward: equals the CPU, with and without a bias") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto& [n, in, out] : shapes) {
    KernelCase c("linear_forward", {n, in, out});
    const auto x = c.input({n, in}), weight = c.input({out, in}), bias = c.input({out});
    const auto y = c.result({n, out}, {.terms = in + 1});
    for (const bool with_bias : {false, true})
      c.check([=, n = n, in = in, out = out]<class T>(CaseMemory<T>& at) {
        return k::LinearForward<T>{.x = at[x],
                                   .weight = at[weight],
                                   .bias = with_bias ? at[bias] : nullptr,
                                   .y = at[y],
                                   .n = n,
                                   .in = in,
                                   .out = out};
      });
  }
}

TEST_CASE("cuda linear_backward_input: equals the CPU, overwriting and accumulating") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto& [n, in, out] : shapes) {
    KernelCase c("linear_backward_input", {n, in, out});
    const auto dy = c.input({n, out}), weight = c.input({out, in}), dx = c.result({n, in}, {.terms = out + 1});
    for (const bool accumulate : {false, true})
      c.check([=, n = n, in = in, out = out]<class T>(CaseMemory<T>& at) {
        return k::LinearBackwardInput<T>{
            .dy = at[dy], .weight = at[weight], .dx = at[dx], .n = n, .in = in, .out = out, .accumulate = accumulate};
      });
  }
}

TEST_CASE("cuda linear_backward_weight: equals the CPU, with either gradient alone, overwriting and accumulating") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto& [n, in, out] : shapes) {
    KernelCase c("linear_backward_weight", {n, in, out});
    const auto dy = c.input({n, out}), x = c.input({n, in});
    const auto dweight = c.result({out, in}, {.terms = n + 1}), dbias = c.result({out}, {.terms = n + 1});
    for (int wanted = 0; wanted < 4; ++wanted)
      for (const bool overwrite : {false, true})
        c.check([=, n = n, in = in, out = out]<class T>(CaseMemory<T>& at) {
          return k::LinearBackwardWeight<T>{.dy = at[dy],
                                            .x = at[x],
                                            .dweight = wanted & 1 ? at[dweight] : nullptr,
                                            .dbias = wanted & 2 ? at[dbias] : nullptr,
                                            .n = n,
                                            .in = in,
                                            .out = out,
                                            .overwrite = overwrite};
        });
  }
}
