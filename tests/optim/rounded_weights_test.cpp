// Weights that AdamW keeps in the format of products: the same numbers as without, and nothing of it on the CPU.
#include <tl/optim/rounded_weights.hpp>

#include <cmath>
#include <vector>

#include <tl/nn/linear.hpp>
#include <tl/ops/mse_loss.hpp>
#include <tl/optim/adamw.hpp>

#include "support/catch.hpp"
#include "support/low_format_device.hpp"

namespace {

using tl::Precision;

struct RoundedRun {
  std::vector<float> weights;
  int conversions = 0;
};

/// Three updates of two linear layers in bf16.
RoundedRun rounded_run(Precision rounded_weights, tl::Device device, bool change = false) {
  tl::nn::Linear<float> first(4, 8), second(8, 3);
  tl::ParameterSpace<float> space({{"first.weight", first.weight, 0, 8},
                                   {"first.bias", first.bias, 0, 8},
                                   {"second.weight", second.weight, 0, 3},
                                   {"second.bias", second.bias, 0, 3}});
  auto values = space.values();
  for (std::int64_t i = 0; i < values.elements(); ++i) values.data()[i] = std::sin(0.37F * static_cast<float>(i));
  values = {};
  space.to(device);
  tl::AdamW<float> optimizer(space, {.learning_rate = 0.01, .rounded_weights = rounded_weights});
  const tl::Variable<float> x(tl::Tensor<float>::full({5, 4}, 0.3F, device)),
      target(tl::Tensor<float>::zeros({5, 3}, device));
  const int before = tl::test::LowFormatDevice::conversions();
  const tl::nn::ForwardContext context{.precision = Precision::bf16};
  for (int step = 0; step < 3; ++step) {
    if (change && step == 1) (*second.weight).value().copy_from(tl::Tensor<float>::full({3, 8}, 0.25F));
    space.zero_grad();
    tl::ops::mse_loss(second(first(x, context), context), target).backward();
    optimizer.step();
  }
  return {space.values().to_vector(), tl::test::LowFormatDevice::conversions() - before};
}

}  // namespace

TEST_CASE("rounded weights: the same updates with and without, and fewer conversions") {
  const tl::test::LowFormatDevice device;
  for (const bool change : {false, true}) {
    const RoundedRun without = rounded_run(Precision::f32, tl::cuda_device, change);
    const RoundedRun with = rounded_run(Precision::bf16, tl::cuda_device, change);
    CHECK(with.weights == without.weights);
    // Two weights in each of three updates; one that is changed in between is rounded once.
    CHECK(without.conversions - with.conversions == (change ? 5 : 6));
  }
}

TEST_CASE("rounded weights: on the CPU there are none") {
  CHECK(rounded_run(Precision::bf16, tl::cpu_device).weights == rounded_run(Precision::f32, tl::cpu_device).weights);
}

TEST_CASE("rounded weights: they go when the optimizer does") {
  const tl::test::LowFormatDevice device;
  tl::nn::Linear<float> layer(4, 8);
  tl::ParameterSpace<float> space({{"weight", layer.weight, 0, 8}, {"bias", layer.bias, 0, 8}});
  space.to(tl::cuda_device);
  {
    const tl::AdamW<float> optimizer(space, {.rounded_weights = Precision::bf16});
    CHECK((*layer.weight).operand(Precision::bf16).format() == tl::DType::bf16);
    CHECK((*layer.bias).operand(Precision::bf16).format() == tl::DType::f32);
  }
  CHECK((*layer.weight).operand(Precision::bf16).format() == tl::DType::f32);
}
