// y = f(x + bias) on the GPU against the CPU, for every activation.
#include <limits>

#include <tl/kernels/bias_activation.hpp>
#include <tl/kernels/cpu/bias_activation.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

constexpr tl::Activation all_activations[] = {
    tl::Activation::gelu,    tl::Activation::gelu_tanh,  tl::Activation::relu,      tl::Activation::tanh,
    tl::Activation::silu,    tl::Activation::quick_gelu, tl::Activation::gelu_10,   tl::Activation::laplace,
    tl::Activation::linear,  tl::Activation::mish,       tl::Activation::relu2,     tl::Activation::relu6,
    tl::Activation::sigmoid, tl::Activation::leaky_relu, tl::Activation::hardswish, tl::Activation::sqrtsoftplus};

void check_bias_activation(std::int64_t n, std::int64_t f, tl::Activation activation, bool biased, double deviation) {
  INFO("activation " << static_cast<int>(activation) << (biased ? ", with" : ", without") << " bias");
  KernelCase c("bias_activation", {n, f});
  const auto x = c.input({n, f}, 0.0, deviation), dy = c.input({n, f});
  const auto bias = biased ? c.input({f}) : Slot<RealType>{};
  const auto y = c.result({n, f}, {.largest = 1.0}), dx = c.result({n, f}, {.largest = 1.0});
  const auto dbias = c.result({f}, {.terms = n, .largest = 1.0});
  c.check([=]<class T>(CaseMemory<T>& at) {
    return k::BiasActivationForward<T>{
        .x = at[x], .bias = at[bias], .y = at[y], .n = n, .f = f, .activation = activation};
  });
  c.check([=]<class T>(CaseMemory<T>& at) {
    return k::BiasActivationBackward<T>{.dy = at[dy],
                                        .x = at[x],
                                        .bias = at[bias],
                                        .dx = at[dx],
                                        .dbias = biased ? at[dbias] : nullptr,
                                        .n = n,
                                        .f = f,
                                        .activation = activation};
  });
}

}  // namespace

TEST_CASE("cuda bias_activation: every activation equals the CPU's") {
  TL_SKIP_WITHOUT_GPU();
  for (const tl::Activation activation : all_activations)
    for (const double deviation : {1.0, 8.0}) check_bias_activation(9, 37, activation, true, deviation);
}

TEST_CASE("cuda bias_activation: equals the CPU for all kinds of shapes, with and without bias") {
  TL_SKIP_WITHOUT_GPU();
  struct {
    std::int64_t n, f;
  } const shapes[] = {{0, 4}, {4, 0}, {1, 1}, {1, 300}, {65, 3}, {130, 7}, {3, 129}};
  for (const auto [n, f] : shapes)
    for (const bool biased : {false, true}) check_bias_activation(n, f, tl::Activation::gelu, biased, 1.0);
}

TEST_CASE("cuda bias_activation: dx may be dy") {
  TL_SKIP_WITHOUT_GPU();
  KernelCase c("bias_activation", {70, 5});
  const auto x = c.input({70, 5}), bias = c.input({5});
  const auto gradient = c.result({70, 5}), dbias = c.result({5}, {.terms = 70});
  c.check([=]<class T>(CaseMemory<T>& at) {
    return k::BiasActivationBackward<T>{.dy = at[gradient],
                                        .x = at[x],
                                        .bias = at[bias],
                                        .dx = at[gradient],
                                        .dbias = at[dbias],
                                        .n = 70,
                                        .f = 5,
                                        .activation = tl::Activation::gelu};
  });
}

TEST_CASE("cuda bias_activation: NaN stays NaN in every activation") {
  TL_SKIP_WITHOUT_GPU();
  for (const tl::Activation activation : all_activations) {
    INFO("activation " << static_cast<int>(activation));
    KernelCase c("bias_activation", {1, 2});
    const auto x = c.input({1, 2}, {std::numeric_limits<double>::quiet_NaN(), 1.0}), y = c.result({1, 2});
    const auto got = c.run<float>(
                          [=]<class T>(CaseMemory<T>& at) {
                            return k::BiasActivationForward<T>{
                                .x = at[x], .bias = nullptr, .y = at[y], .n = 1, .f = 2, .activation = activation};
                          },
                          tl::cuda_device)[y]
                         .to_vector();
    CHECK(std::isnan(got[0]));
    CHECK(!std::isnan(got[1]));
  }
}
