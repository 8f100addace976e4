// bias_dropout_residual_layer_norm.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/bias_dropout_residual_layer_norm.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("bias_dropout_residual_layer_norm: values and gradients of PyTorch under the same masks") {
  check_op("bias_dropout_residual_layer_norm", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::bias_dropout_residual_layer_norm(in[0], in[1], in[2], in[3], in[4],
                                                     c.options().at("eps").get<double>(), c.dropout(), c.precision());
  });
}

TEST_CASE("bias_dropout_residual_layer_norm: overwrites, accumulates, and does without what is null") {
  const std::int64_t n = 40, d = 24;
  const Tensor<float> x = varied<float>({n, d}, 1), residual = varied<float>({n, d}, 2), bias = varied<float>({d}, 3),
                      gamma = varied<float>({d}, 4), dy = varied<float>({n, d}, 5);
  Tensor<float> y = Tensor<float>::full({n, d}, NAN), bare = y.clone(), xhat = y.clone(), dx = y.clone(),
                dresidual = y.clone(), alone = y.clone();
  Tensor<float> rstd = Tensor<float>::full({n}, NAN), dbias = Tensor<float>::zeros({d}), dgamma = dbias.clone(),
                dbeta = dbias.clone();
  const tl::kernels::DropoutMask mask{0.3, 1, 2, 3};
  tl::kernels::BiasDropoutResidualLayerNormForward<float> forward{.x = x.data(),
                                                                  .bias = bias.data(),
                                                                  .residual = residual.data(),
                                                                  .gamma = gamma.data(),
                                                                  .beta = bias.data(),
                                                                  .y = y.data(),
                                                                  .xhat = xhat.data(),
                                                                  .rstd = rstd.data(),
                                                                  .n = n,
                                                                  .d = d,
                                                                  .eps = 1e-12,
                                                                  .dropout = mask};
  tl::kernels::run(tl::cpu_device, forward);
  forward.y = bare.data();
  forward.xhat = forward.rstd = nullptr;
  tl::kernels::run(tl::cpu_device, forward);
  CHECK(same_bits(y, bare));

  tl::kernels::BiasDropoutResidualLayerNormBackward<float> backward{.dy = dy.data(),
                                                                    .xhat = xhat.data(),
                                                                    .rstd = rstd.data(),
                                                                    .gamma = gamma.data(),
                                                                    .dx = dx.data(),
                                                                    .dresidual = dresidual.data(),
                                                                    .dbias = dbias.data(),
                                                                    .dgamma = dgamma.data(),
                                                                    .dbeta = dbeta.data(),
                                                                    .n = n,
                                                                    .d = d,
                                                                    .dropout = mask};
  tl::kernels::run(tl::cpu_device, backward);
  const Tensor<float> once = dbias.clone();
  backward.dx = alone.data();
  backward.dresidual = backward.dgamma = backward.dbeta = nullptr;
  tl::kernels::run(tl::cpu_device, backward);
  CHECK(same_bits(dx, alone));
  for (std::int64_t i = 0; i < d; ++i) CHECK(dbias.data()[i] == 2.0F * once.data()[i]);
  for (std::int64_t i = 0; i < n * d; ++i)
    CHECK((dx.data()[i] == 0.0F || std::abs(dx.data()[i] - mask.scale() * dresidual.data()[i]) < 1e-6F));

  // Without dropout one matrix is enough.
  backward.dropout = {};
  backward.dx = dx.data();
  backward.dresidual = dresidual.data();
  tl::kernels::run(tl::cpu_device, backward);
  CHECK(same_bits(dx, dresidual));
  backward.dx = backward.dresidual = alone.data();
  tl::kernels::run(tl::cpu_device, backward);
  CHECK(same_bits(dx, alone));
}

TEST_CASE("bias_dropout_residual_layer_norm: the same bits for every thread count") {
  for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16})
    check_thread_counts({{150, 96}, {96}, {150, 96}, {96}, {96}}, [=](const auto& in) {
      return tl::ops::bias_dropout_residual_layer_norm(in[0], in[1], in[2], in[3], in[4], 1e-12,
                                                       tl::kernels::DropoutMask{0.1, 1, 2, 3}, precision);
    });
}

TEST_CASE("bias_dropout_residual_layer_norm: error sentences") {
  TL_REQUIRE_ERROR(
      tl::ops::bias_dropout_residual_layer_norm(leaf({2, 3}), leaf({3}), leaf({2, 4}), leaf({3}), leaf({3}), 1e-12),
      "bias_dropout_residual_layer_norm: expected x and residual [N, D] and bias, gamma, beta [D], got f32[2, 3]@cpu, "
      "f32[2, 4]@cpu, f32[3]@cpu, f32[3]@cpu and f32[3]@cpu");
  TL_REQUIRE_ERROR(tl::ops::bias_dropout_residual_layer_norm(leaf({2, 3}), leaf({3}), leaf({2, 3}), leaf({3}),
                                                             leaf({3}), 1e-12, {.p = -0.5}),
                   "expected a dropout p in [0, 1], got -0.5");
}
