// bias_activation and the plain activations.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/bias_activation.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

tl::Activation activation_of(const OpCase& c) {
  const std::string name = c.options().at("activation");
  if (name == "gelu") return tl::Activation::gelu;
  if (name == "gelu_tanh") return tl::Activation::gelu_tanh;
  return name == "relu" ? tl::Activation::relu : tl::Activation::tanh;
}

}  // namespace

TEST_CASE("bias_activation: values and gradients of PyTorch") {
  check_op("bias_activation", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::bias_activation(in[0], in.size() > 1 ? in[1] : Variable<T>{}, activation_of(c), c.precision());
  });
}

TEST_CASE("bias_activation: NaN is never hidden, and infinities have their limits") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor<float> x = Tensor<float>::from({NAN, -NAN, inf, -inf}, {1, 4});
  for (const tl::Activation activation :
       {tl::Activation::gelu, tl::Activation::gelu_tanh, tl::Activation::relu, tl::Activation::tanh}) {
    const auto y = tl::ops::bias_activation(Variable<float>(x), {}, activation).value();
    INFO("activation " << static_cast<int>(activation));
    CHECK(std::isnan(y.data()[0]));
    CHECK(std::isnan(y.data()[1]));
    CHECK(y.data()[2] == (activation == tl::Activation::tanh ? 1.0F : inf));
  }
  CHECK(tl::ops::relu(Variable<float>(x)).value().data()[3] == 0.0F);
  CHECK(tl::ops::tanh(Variable<float>(x)).value().data()[3] == -1.0F);
}

TEST_CASE("bias_activation: the short forms") {
  const Variable<double> x(Tensor<double>::from({1.0, -1.0}, {1, 2}));
  CHECK(std::abs(tl::ops::gelu(x).value().data()[0] - 0.8413447460685429) < 1e-15);
  CHECK(tl::ops::relu(x).value().to_vector() == std::vector<double>{1.0, 0.0});
  CHECK(tl::ops::tanh(x).value().data()[1] == std::tanh(-1.0));
}

TEST_CASE("bias_activation: dx may be dy, dbias accumulates") {
  const std::int64_t n = 40, f = 37;
  const Tensor<float> x = varied<float>({n, f}, 1), bias = varied<float>({f}, 2);
  Tensor<float> apart = Tensor<float>::full({n, f}, NAN), dbias = Tensor<float>::zeros({f});
  Tensor<float> in_place = varied<float>({n, f}, 3);
  const Tensor<float> dy = in_place.clone();
  tl::kernels::bias_activation_backward<float>(
      tl::cpu_device, {dy.data(), x.data(), bias.data(), apart.data(), dbias.data(), n, f, tl::Activation::gelu});
  const Tensor<float> once = dbias.clone();
  tl::kernels::bias_activation_backward<float>(tl::cpu_device, {in_place.data(), x.data(), bias.data(), in_place.data(),
                                                                dbias.data(), n, f, tl::Activation::gelu});
  CHECK(same_bits(apart, in_place));
  for (std::int64_t i = 0; i < f; ++i) CHECK(dbias.data()[i] == 2.0F * once.data()[i]);
}

TEST_CASE("bias_activation: the argument saved in bfloat16 gives the same gradients") {
  const std::int64_t n = 40, f = 37;
  const Tensor<float> x = varied<float>({n, f}, 1), bias = varied<float>({f}, 2), dy = varied<float>({n, f}, 3);
  const auto bf16 = tl::Precision::bf16;
  Tensor<float> y = Tensor<float>::empty({n, f}), dx = y.clone(), dx_saved = y.clone();
  Tensor<float> dbias = Tensor<float>::zeros({f}), dbias_saved = dbias.clone();
  Tensor<tl::bfloat16> saved = Tensor<tl::bfloat16>::empty({n, f});
  const auto gelu = tl::Activation::gelu;
  tl::kernels::bias_activation_forward<float>(tl::cpu_device,
                                              {x.data(), bias.data(), y.data(), n, f, gelu, bf16, saved.data()});
  tl::kernels::bias_activation_backward<float>(
      tl::cpu_device, {dy.data(), x.data(), bias.data(), dx.data(), dbias.data(), n, f, gelu, bf16});
  tl::kernels::bias_activation_backward<float>(
      tl::cpu_device, {dy.data(), saved.data(), bias.data(), dx_saved.data(), dbias_saved.data(), n, f, gelu, bf16});
  CHECK(same_bits(dx_saved, dx));
  CHECK(same_bits(dbias_saved, dbias));
}

TEST_CASE("bias_activation: the same bits for every thread count") {
  for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16})
    check_thread_counts({{150, 131}, {131}}, [=](const auto& in) {
      return tl::ops::bias_activation(in[0], in[1], tl::Activation::gelu, precision);
    });
}

TEST_CASE("bias_activation: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::bias_activation(leaf({2, 3}), leaf({4}), tl::Activation::gelu),
                   "bias_activation: expected x [N, F] and bias [F], got f32[2, 3]@cpu and f32[4]@cpu");
}
