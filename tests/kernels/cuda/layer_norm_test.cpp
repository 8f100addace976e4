// Layer normalisation on the GPU against the CPU.
#include <tl/kernels/cpu/layer_norm.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

}  // namespace

TEST_CASE("cuda layer_norm: forward equals the CPU, for rows shorter and longer than a warp and far from zero") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 1, 9})
    for (const std::int64_t d : {16, 31, 32, 33, 384})
      for (const double mean : {0.0, 30.0}) {
        KernelCase c("layer_norm_forward", {n, d});
        const auto x = c.input({n, d}, mean), gamma = c.input({d}, 1.0), beta = c.input({d});
        // a mean of 30 costs that many roundings of x - mean
        const CompareBy by{.terms = d, .largest = 4.0 * (1.0 + mean)};
        const auto y = c.result({n, d}, by), row_mean = c.result({n}, by), rstd = c.result({n}, by);
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::LayerNormForward<T>{.x = at[x],
                                        .gamma = at[gamma],
                                        .beta = at[beta],
                                        .y = at[y],
                                        .mean = at[row_mean],
                                        .rstd = at[rstd],
                                        .n = n,
                                        .d = d,
                                        .eps = 1e-12};
        });
      }
}

TEST_CASE("cuda layer_norm: backward equals the CPU, for any choice of the gradients and pieces that end early") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 1, 32, 300})
    for (const std::int64_t d : {16, 65}) {
      KernelCase c("layer_norm_backward", {n, d});
      const auto dy = c.input({n, d}), x = c.input({n, d}), gamma = c.input({d}, 1.0);
      const auto mean = c.input({n}, 0.0, 0.1), rstd = c.input({n}, 1.0, 0.1);
      const auto dx = c.result({n, d}, CompareBy{.terms = d});
      const auto dgamma = c.result({d}, CompareBy{.terms = n}), dbeta = c.result({d}, CompareBy{.terms = n});
      for (int wanted = n == 300 ? 0 : 7; wanted < 8; ++wanted) {
        INFO("wanted " << wanted);
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::LayerNormBackward<T>{.dy = at[dy],
                                         .x = at[x],
                                         .gamma = at[gamma],
                                         .mean = at[mean],
                                         .rstd = at[rstd],
                                         .dx = wanted & 1 ? at[dx] : nullptr,
                                         .dgamma = wanted & 2 ? at[dgamma] : nullptr,
                                         .dbeta = wanted & 4 ? at[dbeta] : nullptr,
                                         .n = n,
                                         .d = d};
        });
      }
    }
}
