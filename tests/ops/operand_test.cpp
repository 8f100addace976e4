// Operations on a device that stores the results of products in bf16: which tensors are in which format, copies that
// are kept for products, and the numbers, which are those of the CPU's bf16 wherever both round at the same places.
#include <tl/ops/operand.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <tl/ops/add.hpp>
#include <tl/ops/attention.hpp>
#include <tl/ops/bias_activation.hpp>
#include <tl/ops/bias_dropout_residual_layer_norm.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/ops/dropout.hpp>
#include <tl/ops/gather_rows.hpp>
#include <tl/ops/linear.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>

#include "support/catch.hpp"
#include "support/low_format_device.hpp"

namespace ops = tl::ops;

namespace {

using tl::Device, tl::DType, tl::Precision;
using FloatTensor = tl::Tensor<float>;
using Float = tl::Variable<float>;

FloatTensor wave(const tl::Shape& shape, float frequency) {
  auto tensor = FloatTensor::empty(shape);
  for (std::int64_t i = 0; i < tensor.elements(); ++i)
    tensor.data()[i] = std::sin(frequency * static_cast<float>(i + 1));
  return tensor;
}

/// Leaves on a device.
struct Leaves {
  Device device;
  std::vector<Float> all{};

  Float operator()(const tl::Shape& shape, float frequency) {
    return all.emplace_back(wave(shape, frequency).to(device), true);
  }
};

using Program = std::function<Float(Leaves&)>;

/// The value of a program and the gradients of its leaves, on the CPU in the end.
std::vector<std::vector<float>> outcome(const Program& program, Device device) {
  Leaves leaves{device};
  const Float y = program(leaves);
  y.backward(wave(y.shape(), 0.77F).to(device));
  std::vector<std::vector<float>> result{y.value().to_vector()};
  for (const Float& leaf : leaves.all) {
    CHECK(leaf.grad().format() == DType::f32);
    result.push_back(leaf.grad().to_vector());
  }
  return result;
}

/// The largest difference of two results, relative to the largest magnitude.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(double{b[i]}));
    worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  }
  return worst / largest;
}

/// Runs the program on the CPU and on the device; `tolerance` 0 asks for the same bits.
void check_outcome(const Program& program, double tolerance) {
  const auto expected = outcome(program, tl::cpu_device), got = outcome(program, tl::cuda_device);
  REQUIRE(expected.size() == got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("value or gradient " << i);
    CHECK(difference(got[i], expected[i]) <= tolerance);
  }
}

constexpr auto low = Precision::bf16;

}  // namespace

TEST_CASE("formats: a linear layer gives bf16, from float or bf16, and gradients of the leaves in float") {
  const tl::test::LowFormatDevice device;
  check_outcome(
      [](Leaves& leaf) {
        return ops::linear(leaf({5, 4}, 0.3F), leaf({3, 4}, 0.7F), leaf({3}, 0.2F), {low});
      },
      0);
  const Program two = [](Leaves& leaf) {
    const Float hidden = ops::linear(leaf({5, 4}, 0.3F), leaf({6, 4}, 0.7F), leaf({6}, 0.2F), {low});
    const bool on_cpu = hidden.device() == tl::cpu_device;
    CHECK(hidden.value().format() == (on_cpu ? DType::f32 : DType::bf16));
    return ops::linear(hidden, leaf({3, 6}, 0.9F), leaf({3}, 0.4F), {low});
  };
  check_outcome(two, 0x1p-8);
}

TEST_CASE("formats: activation, dropout and rows") {
  const tl::test::LowFormatDevice device;
  const tl::kernels::DropoutMask mask{.p = 0.25, .seed = 3};
  const Program program = [=](Leaves& leaf) {
    const Float x = ops::linear(leaf({5, 4}, 0.3F), leaf({6, 4}, 0.7F), leaf({6}, 0.2F), {low});
    const Float y = ops::bias_activation(x, leaf({6}, 0.5F), tl::Activation::gelu, low);
    const Float z = ops::dropout(y, mask, low);
    CHECK(z.value().format() == x.value().format());
    return ops::gather_rows(z, tl::Tensor<std::int32_t>::from({4, 0, 2}, {3}, x.device()));
  };
  // A sum of gradients is float; where it reaches a result in bf16 it is rounded, on the CPU after the mask only.
  check_outcome(program, 0x1p-6);
}

TEST_CASE("formats: attention from a projection") {
  const tl::test::LowFormatDevice device;
  const Program program = [](Leaves& leaf) {
    const Float qkv = ops::linear(leaf({7, 4}, 0.3F), leaf({24, 4}, 0.7F), leaf({24}, 0.2F), {low});
    const auto offsets = tl::Tensor<std::int32_t>::from({0, 4, 7}, {3}, qkv.device());
    const Float out = ops::self_attention(qkv, offsets, {.heads = 2, .precision = low, .max_length = 4});
    CHECK(out.value().format() == qkv.value().format());
    return out;
  };
  // The gradient that arrives is rounded where it belongs to a result in bf16.
  check_outcome(program, 0x1p-5);
}

TEST_CASE("formats: half a block, whose result is float with a rounded copy for the next product") {
  const tl::test::LowFormatDevice device;
  const Program program = [](Leaves& leaf) {
    const Float x = leaf({5, 4}, 0.3F);
    const Float projected = ops::linear(x, leaf({4, 4}, 0.7F), leaf({4}, 0.6F), {low});
    const Float y = ops::bias_dropout_residual_layer_norm(projected, leaf({4}, 0.1F), x, leaf({4}, 0.2F),
                                                          leaf({4}, 0.4F), 1e-5, {.p = 0.25, .seed = 3}, low);
    CHECK(y.value().format() == DType::f32);
    const bool on_cpu = y.device() == tl::cpu_device;
    CHECK(y.operand(low).format() == (on_cpu ? DType::f32 : DType::bf16));
    CHECK(y.operand(Precision::f32).format() == DType::f32);
    return ops::linear(y, leaf({3, 4}, 0.9F), leaf({3}, 0.4F), {low});
  };
  check_outcome(program, 0);
}

TEST_CASE("formats: a rounded copy is read until the value changes, whoever changes it") {
  const tl::test::LowFormatDevice device;
  const auto weight_value = wave({3, 4}, 0.7F).to(tl::cuda_device);
  const Float x(wave({5, 4}, 0.3F).to(tl::cuda_device));
  Float weight(weight_value, true);
  const auto product = [&] { return ops::linear(x, weight, {}, {low}).value().to_vector(); };
  const auto keep = [&] { weight.keep_rounded(tl::detail::in_format(weight.value(), DType::bf16)); };
  const auto conversions_of_product = [&] {
    const int before = tl::test::LowFormatDevice::conversions();
    (void)product();
    return tl::test::LowFormatDevice::conversions() - before;
  };
  const auto first = product();
  CHECK(conversions_of_product() == 2);
  keep();
  CHECK(conversions_of_product() == 1);
  CHECK(product() == first);
  const std::vector<float> rounded = weight.operand(low).to_vector();
  CHECK(weight.leaf_rows(1, 3).operand(low).format() == DType::bf16);
  CHECK(weight.leaf_rows(1, 3).operand(low).to_vector() == std::vector<float>(rounded.begin() + 4, rounded.end()));

  const auto other = wave({3, 4}, 0.9F);
  const std::vector<std::function<void(FloatTensor)>> changes{
      [&](FloatTensor value) { value.copy_from(other); }, [](FloatTensor value) { value.fill(0.0F); },
      [](FloatTensor value) { (void)value.data(); }, [](FloatTensor value) { value.rows(2, 3).mark_changed(); },
      [](FloatTensor value) { (void)value.stored(); }};
  for (const auto& change : changes) {
    keep();
    CHECK(weight.operand(low).format() == DType::bf16);
    change(weight_value);
    CHECK(weight.operand(low).format() == DType::f32);
    const auto now = product();
    keep();
    CHECK(product() == now);
  }
  TL_REQUIRE_ERROR(weight.keep_rounded(FloatTensor::empty({4, 3}, tl::cuda_device, DType::bf16)),
                   "a rounded copy of f32[3, 4]@cuda:0: expected the same shape, got bf16[4, 3]@cuda:0");
}

TEST_CASE("formats: operations that know of no formats take float") {
  const tl::test::LowFormatDevice device;
  const Program sums = [](Leaves& leaf) {
    const Float x = ops::linear(leaf({5, 4}, 0.3F), leaf({3, 4}, 0.7F), leaf({3}, 0.2F), {low});
    const Float y = ops::add(ops::multiply(x, x), ops::multiply(x, 0.5F));  // three gradients reach x
    CHECK(y.value().format() == DType::f32);
    return y;
  };
  check_outcome(sums, 0);
  const Program loss = [](Leaves& leaf) {
    const Float logits = ops::linear(leaf({5, 4}, 0.3F), leaf({3, 4}, 0.7F), leaf({3}, 0.2F), {low});
    return ops::cross_entropy(logits, tl::Tensor<std::int64_t>::from({0, 2, 1, 1, 0}, {5}, logits.device()));
  };
  check_outcome(loss, 0);
  const Float x(wave({2, 4}, 0.3F).to(tl::cuda_device)), weight(wave({3, 4}, 0.7F).to(tl::cuda_device));
  const Float y = ops::linear(x, weight, {}, {low});
  TL_REQUIRE_ERROR(y.value().data(), "data(): expected a tensor that is stored in f32, got bf16[2, 3]@cuda:0");
  CHECK(y.own_value().to_vector() == y.value().to_vector());
}

TEST_CASE("formats: a sentence for a precision in which the device does not compute") {
  const Float x(wave({2, 4}, 0.3F)), weight(wave({3, 4}, 0.7F));
  TL_REQUIRE_ERROR(ops::linear(x, weight, {}, {Precision::f16}),
                   "f16: expected f32 or bf16 on cpu, which does not multiply in half, got f16");
  const tl::test::LockedDevice device;
  tl::cuda_backend.multiplies_in = nullptr;
  const Float there(x.value().to(tl::cuda_device)), its_weight(weight.value().to(tl::cuda_device));
  TL_REQUIRE_ERROR(ops::linear(there, its_weight, {}, {low}), "bf16: expected f32 on cuda:0");
}
