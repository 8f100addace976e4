// The end of an encoder half-block on the GPU against the CPU.
#include <tl/kernels/cpu/bias_dropout_residual_layer_norm.hpp>

#include "dropout_cases.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

}  // namespace

TEST_CASE("cuda bias_dropout_residual_layer_norm: forward equals the CPU, with and without what is saved") {
  TL_SKIP_WITHOUT_GPU();
  std::size_t turn = 0;
  for (const std::int64_t n : {0, 1, 9})
    for (const std::int64_t d : {16, 33, 384}) {
      KernelCase c("bias_dropout_residual_layer_norm_forward", {n, d});
      const auto x = c.input({n, d}), bias = c.input({d}), residual = c.input({n, d}, 1.0);
      const auto gamma = c.input({d}, 1.0), beta = c.input({d});
      const auto y = c.result({n, d}, CompareBy{.terms = d}), xhat = c.result({n, d}, CompareBy{.terms = d});
      const auto rstd = c.result({n}, CompareBy{.terms = d});
      for (const MaskCase& mask : two_masks(c, n, turn++))
        for (const bool saved : {true, false}) {
          INFO("p = " << mask.p << (saved ? "" : ", nothing saved"));
          c.check([=]<class T>(CaseMemory<T>& at) {
            return k::BiasDropoutResidualLayerNormForward<T>{.x = at[x],
                                                             .bias = at[bias],
                                                             .residual = at[residual],
                                                             .gamma = at[gamma],
                                                             .beta = at[beta],
                                                             .y = at[y],
                                                             .xhat = saved ? at[xhat] : nullptr,
                                                             .rstd = saved ? at[rstd] : nullptr,
                                                             .n = n,
                                                             .d = d,
                                                             .eps = 1e-12,
                                                             .dropout = mask.at(at)};
          });
        }
    }
}

TEST_CASE("cuda bias_dropout_residual_layer_norm: backward equals the CPU, for any choice of the gradients") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 32, 130})
    for (const std::int64_t d : {16, 65}) {
      KernelCase c("bias_dropout_residual_layer_norm_backward", {n, d});
      const auto dy = c.input({n, d}), xhat = c.input({n, d}), rstd = c.input({n}, 1.0, 0.1);
      const auto gamma = c.input({d}, 1.0);
      const auto dx = c.result({n, d}, CompareBy{.terms = d}), dresidual = c.result({n, d}, CompareBy{.terms = d});
      const auto dbias = c.result({d}, CompareBy{.terms = n * d}), dgamma = c.result({d}, CompareBy{.terms = n});
      const auto dbeta = c.result({d}, CompareBy{.terms = n});
      const auto masks = mask_cases(c, n);
      for (int wanted = 0; wanted < 16; wanted += n == 0 ? 15 : 1) {
        const MaskCase& mask = masks[static_cast<std::size_t>(wanted) % masks.size()];
        INFO("p = " << mask.p << ", wanted " << wanted);
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::BiasDropoutResidualLayerNormBackward<T>{
              .dy = at[dy],
              .xhat = at[xhat],
              .rstd = at[rstd],
              .gamma = at[gamma],
              .dx = at[dx],
              .dresidual = wanted & 1 ? at[dresidual] : (mask.p == 0.0 ? at[dx] : nullptr),
              .dbias = wanted & 2 ? at[dbias] : nullptr,
              .dgamma = wanted & 4 ? at[dgamma] : nullptr,
              .dbeta = wanted & 8 ? at[dbeta] : nullptr,
              .n = n,
              .d = d,
              .dropout = mask.at(at)};
        });
      }
    }
}
