// Products of matrices on the GPU against the CPU.
#include <tl/kernels/cpu/matmul.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

}  // namespace

TEST_CASE("cuda matmul: equals the CPU, transposed or not, overwriting and accumulating") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto [m, n, terms] : {std::array<std::int64_t, 3>{1, 1, 1}, {5, 7, 3}, {33, 16, 65}, {17, 1, 8}}) {
    KernelCase c("matmul", {m, n, terms});
    const auto a = c.input({m, terms}), b = c.input({terms, n}), y = c.result({m, n}, {.terms = terms + 1});
    for (int bits = 0; bits < 8; ++bits)
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::MatMul<T>{.a = at[a],
                            .b = at[b],
                            .c = at[y],
                            .m = m,
                            .n = n,
                            .k = terms,
                            .transpose_a = (bits & 1) != 0,
                            .transpose_b = (bits & 2) != 0,
                            .accumulate = (bits & 4) != 0};
      });
  }
}

TEST_CASE("cuda matmul: no rows, no columns and no terms") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto [m, n, terms] : {std::array<std::int64_t, 3>{0, 4, 5}, {4, 0, 5}, {4, 5, 0}})
    for (const bool accumulate : {false, true}) {
      KernelCase c("matmul", {m, n, terms});
      const auto a = c.input({m, terms}), b = c.input({terms, n}), y = c.result({m, n});
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::MatMul<T>{.a = at[a], .b = at[b], .c = at[y], .m = m, .n = n, .k = terms, .accumulate = accumulate};
      });
    }
}

TEST_CASE("cuda matmul: matrices that do not begin at 16 bytes") {
  TL_SKIP_WITHOUT_GPU();
  KernelCase c("matmul", {3, 4, 5});
  const auto a = c.input({16}), b = c.input({21}), y = c.result({13}, {.terms = 6});
  c.check([=]<class T>(CaseMemory<T>& at) {
    return k::MatMul<T>{.a = at[a] + 1, .b = at[b] + 1, .c = at[y] + 1, .m = 3, .n = 4, .k = 5};
  });
}
