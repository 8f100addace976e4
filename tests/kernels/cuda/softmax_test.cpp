// softmax and its logarithm on the GPU against the CPU.
#include <limits>

#include <tl/kernels/cpu/softmax.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

struct SoftmaxCase {
  std::int64_t n, c;
};

/// No row, one column, rows shorter and longer than a warp, more rows than a block has warps.
constexpr SoftmaxCase softmax_cases[] = {{0, 4}, {1, 1}, {5, 2}, {9, 31}, {4, 32}, {3, 33}, {70, 3}, {2, 1000}};

}  // namespace

TEST_CASE("cuda softmax: equals the CPU, forward and backward, for numbers small and large") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto [n, classes] : softmax_cases)
    for (const bool logarithm : {false, true})
      for (const double mean : {0.0, 1000.0}) {
        KernelCase c("softmax", {n, classes});
        const auto x = c.input({n, classes}, mean, 3.0), dy = c.input({n, classes});
        std::vector<double> values(static_cast<std::size_t>(n * classes));
        for (std::size_t i = 0; i < values.size(); ++i)
          values[i] = (logarithm ? -1.0 : 0.125) * static_cast<double>(1 + i % 7);
        const auto saved = c.input({n, classes}, values);
        const CompareBy by{.terms = classes, .largest = 1.0};
        const auto y = c.result({n, classes}, by), dx = c.result({n, classes}, by);
        c.check([=, n = n, classes = classes]<class T>(CaseMemory<T>& at) {
          return k::SoftmaxForward<T>{.x = at[x], .y = at[y], .n = n, .c = classes, .logarithm = logarithm};
        });
        c.check([=, n = n, classes = classes]<class T>(CaseMemory<T>& at) {
          return k::SoftmaxBackward<T>{
              .dy = at[dy], .y = at[saved], .dx = at[dx], .n = n, .c = classes, .logarithm = logarithm};
        });
      }
}

TEST_CASE("cuda softmax: a NaN makes its row NaN, and no other") {
  TL_SKIP_WITHOUT_GPU();
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const bool logarithm : {false, true}) {
    KernelCase c("softmax", {4, 3});
    const auto x = c.input({4, 3}, {1, nan, 2, 1, 2, 3, 0, inf, 1, -inf, 0, 1}), y = c.result({4, 3});
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::SoftmaxForward<T>{.x = at[x], .y = at[y], .n = 4, .c = 3, .logarithm = logarithm};
    });
  }
}
