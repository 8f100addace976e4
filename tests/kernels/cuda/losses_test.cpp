// The mean squared error and the binary cross-entropy of logits on the GPU against the CPU.
#include <tl/kernels/cpu/bce_with_logits.hpp>
#include <tl/kernels/cpu/mse_loss.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

constexpr std::int64_t loss_lengths[] = {1, 31, 300, 20000};

/// Numbers in [0, 1], both ends included.
std::vector<double> targets(std::int64_t n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * i % 5) / 4.0;
  return values;
}

}  // namespace

TEST_CASE("cuda mse_loss: equals the CPU, forward and backward") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : loss_lengths) {
    KernelCase c("mse_loss", {n});
    const auto x = c.input({n}), target = c.input({n}), dloss = c.input({1});
    const auto loss = c.result({1}, {.terms = n}), dx = c.result({n});
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::MseLossForward<T>{.x = at[x], .target = at[target], .loss = at[loss], .n = n};
    });
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::MseLossBackward<T>{.dloss = at[dloss], .x = at[x], .target = at[target], .dx = at[dx], .n = n};
    });
  }
}

TEST_CASE("cuda bce_with_logits: equals the CPU, also far from zero") {
  TL_SKIP_WITHOUT_GPU();
  for (const double deviation : {1.0, 100.0})
    for (const std::int64_t n : loss_lengths) {
      KernelCase c("bce_with_logits", {n});
      const auto x = c.input({n}, 0.0, deviation), target = c.input({n}, targets(n)), dloss = c.input({1});
      const auto loss = c.result({1}, {.terms = n}), dx = c.result({n});
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::BceWithLogitsForward<T>{.logits = at[x], .target = at[target], .loss = at[loss], .n = n};
      });
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::BceWithLogitsBackward<T>{
            .dloss = at[dloss], .logits = at[x], .target = at[target], .dlogits = at[dx], .n = n};
      });
    }
}

TEST_CASE("cuda bce_with_logits: pos_weight of the classes") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t classes : {1, 7, 40}) {
    const std::int64_t n = 13 * classes;
    KernelCase c("bce_with_logits", {13, classes});
    std::vector<double> weights(static_cast<std::size_t>(classes));
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.5 * static_cast<double>(i);  // the first is 0
    const auto x = c.input({13, classes}), target = c.input({13, classes}, targets(n)), dloss = c.input({1});
    const auto pos_weight = c.input({classes}, weights);
    const auto loss = c.result({1}, {.terms = n}), dx = c.result({13, classes});
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::BceWithLogitsForward<T>{
          .logits = at[x], .target = at[target], .loss = at[loss], .n = n, .pos_weight = at[pos_weight], .c = classes};
    });
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::BceWithLogitsBackward<T>{.dloss = at[dloss],
                                         .logits = at[x],
                                         .target = at[target],
                                         .dlogits = at[dx],
                                         .n = n,
                                         .pos_weight = at[pos_weight],
                                         .c = classes};
    });
  }
}
