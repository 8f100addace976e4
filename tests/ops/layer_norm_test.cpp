// layer_norm.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/layer_norm.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("layer_norm: values and gradients of PyTorch") {
  check_op("layer_norm", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::layer_norm(in[0], in[1], in[2], c.options().at("eps").get<double>());
  });
}

TEST_CASE("layer_norm: a large common offset does not spoil the variance") {
  Tensor<float> x = varied<float>({3, 96}, 1);
  for (float& value : x.span()) value = std::round(value * 64.0F) / 64.0F;
  Tensor<float> shifted = x.clone();
  for (float& value : shifted.span()) value += 4096.0F;
  const Variable<float> gamma(Tensor<float>::full({96}, 1.0F)), beta(Tensor<float>::zeros({96}));
  const auto plain = tl::ops::layer_norm(Variable<float>(x), gamma, beta).value();
  const auto offset = tl::ops::layer_norm(Variable<float>(shifted), gamma, beta).value();
  // The mean of the shifted row is rounded to eps * 4096, which moves every element by at most that much.
  for (std::int64_t i = 0; i < plain.elements(); ++i)
    CHECK(std::abs(plain.data()[i] - offset.data()[i]) < 4096.0F * 1.2e-7F * 2.0F);
}

TEST_CASE("layer_norm: a constant row becomes beta") {
  const Variable<float> x(Tensor<float>::full({2, 20}, 0.3F)), gamma(varied<float>({20}, 1)),
      beta(varied<float>({20}, 2));
  const auto y = tl::ops::layer_norm(x, gamma, beta, 1e-5).value();
  for (std::int64_t i = 0; i < 20; ++i) CHECK(std::abs(y.at({1, i}) - beta.value().at({i})) < 1e-4F);
}

TEST_CASE("layer_norm: dx is overwritten, dgamma and dbeta accumulate, each may be absent") {
  const std::int64_t n = 40, d = 24;
  const Tensor<float> x = varied<float>({n, d}, 1), gamma = varied<float>({d}, 2), dy = varied<float>({n, d}, 3);
  Tensor<float> y = Tensor<float>::full({n, d}, NAN), mean = Tensor<float>::full({n}, NAN), rstd = mean.clone();
  tl::kernels::run(tl::cpu_device, tl::kernels::LayerNormForward<float>{.x = x.data(),
                                                                        .gamma = gamma.data(),
                                                                        .beta = gamma.data(),
                                                                        .y = y.data(),
                                                                        .mean = mean.data(),
                                                                        .rstd = rstd.data(),
                                                                        .n = n,
                                                                        .d = d,
                                                                        .eps = 1e-5});
  Tensor<float> dx = Tensor<float>::full({n, d}, NAN), dgamma = Tensor<float>::zeros({d}), dbeta = dgamma.clone();
  tl::kernels::LayerNormBackward<float> call{.dy = dy.data(),
                                             .x = x.data(),
                                             .gamma = gamma.data(),
                                             .mean = mean.data(),
                                             .rstd = rstd.data(),
                                             .dx = dx.data(),
                                             .dgamma = dgamma.data(),
                                             .dbeta = dbeta.data(),
                                             .n = n,
                                             .d = d};
  tl::kernels::run(tl::cpu_device, call);
  for (const float value : dx.span()) CHECK(std::isfinite(value));
  const Tensor<float> once = dgamma.clone();
  call.dx = call.dbeta = nullptr;
  tl::kernels::run(tl::cpu_device, call);
  for (std::int64_t i = 0; i < d; ++i) CHECK(std::abs(dgamma.data()[i] - 2.0F * once.data()[i]) < 1e-4F);
  double total = 0.0;
  for (std::int64_t row = 0; row < n; ++row) total += static_cast<double>(dy.at({row, 0}));
  CHECK(std::abs(static_cast<double>(dbeta.data()[0]) - total) < 1e-4);
}

TEST_CASE("layer_norm: the same bits for every thread count") {
  check_thread_counts({{150, 96}, {96}, {96}},
                      [](const auto& in) { return tl::ops::layer_norm(in[0], in[1], in[2], 1e-12); });
}

TEST_CASE("layer_norm: error sentences") {
  TL_REQUIRE_ERROR(
      tl::ops::layer_norm(leaf({2, 3}), leaf({4}), leaf({3})),
      "layer_norm: expected x [N, D], gamma [D] and beta [D], got f32[2, 3]@cpu, f32[4]@cpu and f32[3]@cpu");
}
