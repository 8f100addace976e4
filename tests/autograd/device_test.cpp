// Sums of gradients on a device: the CPU's bits with fewer kernels and fills, and never through memory that is shared.
#include <cstdint>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/linear.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"

namespace {

using tl::Tensor;
using Var = tl::Variable<float>;

Tensor<float> values(const tl::Shape& shape, float first, tl::Device device) {
  std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = first + 0.37F * static_cast<float>(i % 11);
  return Tensor<float>::from(numbers, shape, device);
}

/// Gradients of x and weight of the sum of scale(x) times linear(scale(x)), where scale(x) has two users.
std::vector<std::vector<float>> residual_gradients(tl::Device device) {
  const Var x(values({5, 4}, -1.0F, device), true), weight(values({4, 4}, 0.1F, device), true);
  const Var hidden = tl::ops::add(x, x);
  const Var result = tl::ops::multiply(tl::ops::linear(hidden, weight), hidden);
  tl::ops::sum(result).backward();
  return {x.grad().to_vector(), weight.grad().to_vector()};
}

}  // namespace

TEST_CASE("device: the gradient of a residual is a sum inside the product, with the CPU's bits") {
  const auto expected = residual_gradients(tl::cpu_device);
  const tl::test::LockedDevice device;
  CHECK(residual_gradients(tl::cuda_device) == expected);

  const Var hidden(values({5, 4}, 1.0F, tl::cuda_device), true), weight(values({4, 4}, 0.1F, tl::cuda_device));
  const Var h = tl::ops::add(hidden, hidden);
  const Var loss = tl::ops::sum(tl::ops::multiply(tl::ops::linear(h, weight), h));
  const auto before = device.counts();
  loss.backward(Tensor<float>::zeros(loss.shape(), tl::cuda_device));
  // sum, two multiply, the product, and two sums of what add() gives to `hidden`, the first of which is a copy
  CHECK((device.counts() - before).launches == 5);
}

TEST_CASE("device: a gradient that the caller holds is not added to") {
  const tl::test::LockedDevice device;
  const Var x(values({3, 4}, 1.0F, tl::cuda_device), true), weight(values({4, 4}, 0.1F, tl::cuda_device));
  const Var h = tl::ops::add(x, x);
  const Tensor<float> seed = values({3, 4}, 2.0F, tl::cuda_device);
  const auto kept = seed.to_vector();
  tl::ops::add(h, tl::ops::linear(h, weight)).backward(seed);
  CHECK(seed.to_vector() == kept);
}
