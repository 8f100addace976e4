// row_broadcast, concat and gather_rows on the GPU against the CPU.
#include <limits>

#include <tl/kernels/cpu/concat.hpp>
#include <tl/kernels/cpu/gather_rows.hpp>
#include <tl/kernels/cpu/row_broadcast.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

struct RowsCase {
  std::int64_t n, d;
};

/// No row, no column, one of each, rows for several pieces of a sum, rows wider than a block.
constexpr RowsCase row_cases[] = {{0, 5}, {3, 0}, {1, 1}, {7, 33}, {64, 3}, {65, 17}, {200, 5}, {3, 300}};

}  // namespace

TEST_CASE("cuda row_broadcast: equals the CPU, with either gradient alone") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto [n, d] : row_cases)
    for (const bool multiply : {false, true}) {
      KernelCase c("row_broadcast", {n, d});
      const auto x = c.input({n, d}), row = c.input({d}), dy = c.input({n, d});
      const auto y = c.result({n, d}), dx = c.result({n, d}), drow = c.result({d}, {.terms = n});
      c.check([=, n = n, d = d]<class T>(CaseMemory<T>& at) {
        return k::RowBroadcastForward<T>{.x = at[x], .row = at[row], .y = at[y], .n = n, .d = d, .multiply = multiply};
      });
      for (int wanted = 0; wanted < 4; ++wanted)
        c.check([=, n = n, d = d]<class T>(CaseMemory<T>& at) {
          return k::RowBroadcastBackward<T>{.dy = at[dy],
                                            .x = at[x],
                                            .row = at[row],
                                            .dx = wanted & 1 ? at[dx] : nullptr,
                                            .drow = wanted & 2 ? at[drow] : nullptr,
                                            .n = n,
                                            .d = d,
                                            .multiply = multiply};
        });
    }
}

TEST_CASE("cuda concat: the CPU's bits, with either gradient alone") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto [rows, a_width] : row_cases)
    for (const std::int64_t b_width : {0, 19}) {
      KernelCase c("concat", {rows, a_width + b_width});
      const CompareBy bits{.same_bits = true};
      const auto a = c.input({rows, a_width}), b = c.input({rows, b_width}), dy = c.input({rows, a_width + b_width});
      const auto y = c.result({rows, a_width + b_width}, bits), da = c.result({rows, a_width}, bits);
      const auto db = c.result({rows, b_width}, bits);
      c.check([=, rows = rows, a_width = a_width]<class T>(CaseMemory<T>& at) {
        return k::ConcatForward<T>{
            .a = at[a], .b = at[b], .y = at[y], .rows = rows, .a_width = a_width, .b_width = b_width};
      });
      for (int wanted = 0; wanted < 4; ++wanted)
        c.check([=, rows = rows, a_width = a_width]<class T>(CaseMemory<T>& at) {
          return k::ConcatBackward<T>{.dy = at[dy],
                                      .da = wanted & 1 ? at[da] : nullptr,
                                      .db = wanted & 2 ? at[db] : nullptr,
                                      .rows = rows,
                                      .a_width = a_width,
                                      .b_width = b_width};
        });
    }
}

TEST_CASE("cuda gather_rows: the CPU's bits, also where a row is named many times") {
  TL_SKIP_WITHOUT_GPU();
  for (const auto [n, d] : row_cases)
    for (const std::int64_t m : {0, 1, 9, 70}) {
      if (n == 0 && m > 0) continue;
      std::vector<std::int32_t> numbers;
      for (std::int64_t i = 0; i < m; ++i) numbers.push_back(static_cast<std::int32_t>((i * i + 3) % n));
      KernelCase c("gather_rows", {m, d});
      const auto x = c.input({n, d}), dy = c.input({m, d});
      const auto rows = c.fixed_input<std::int32_t>({m}, numbers);
      const auto y = c.result({m, d}, {.same_bits = true}), dx = c.result({n, d}, {.same_bits = true});
      c.check([=, n = n, d = d]<class T>(CaseMemory<T>& at) {
        return k::GatherRowsForward<T>{.x = at[x], .rows = at[rows], .y = at[y], .n = n, .m = m, .d = d};
      });
      c.check([=, n = n, d = d]<class T>(CaseMemory<T>& at) {
        return k::GatherRowsBackward<T>{.dy = at[dy], .rows = at[rows], .dx = at[dx], .n = n, .m = m, .d = d};
      });
    }
}

TEST_CASE("cuda gather_rows: a row that is not there gives NaN, and no gradient") {
  TL_SKIP_WITHOUT_GPU();
  KernelCase c("gather_rows", {3, 2});
  const auto x = c.input({2, 2}, {1, 2, 3, 4}), dx = c.changed({2, 2}, {5, 6, 7, 8});
  const auto dy = c.input({3, 2}, {1, 1, 1, 1, 1, 1}), y = c.result({3, 2});
  const auto rows = c.fixed_input<std::int32_t>({3}, {2, -1, 1});
  const auto forward = c.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        return k::GatherRowsForward<T>{.x = at[x], .rows = at[rows], .y = at[y], .n = 2, .m = 3, .d = 2};
      },
      tl::cuda_device);
  const std::vector<float> got = forward[y].to_vector();
  CHECK((std::isnan(got[0]) && std::isnan(got[1]) && std::isnan(got[2]) && std::isnan(got[3])));
  CHECK((got[4] == 3.0F && got[5] == 4.0F));
  const auto backward = c.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        return k::GatherRowsBackward<T>{.dy = at[dy], .rows = at[rows], .dx = at[dx], .n = 2, .m = 3, .d = 2};
      },
      tl::cuda_device);
  CHECK(backward[dx].to_vector() == std::vector<float>{5, 6, 8, 9});
}
