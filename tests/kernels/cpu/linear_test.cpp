// linear and matmul against plain loops in double, in both precisions; what is overwritten and what accumulates.
#include <tl/kernels/cpu/linear.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <tl/kernels/cpu/matmul.hpp>
#include <tl/kernels/cpu/rounding.hpp>

#include "support/catch.hpp"

namespace {

using tl::Precision;

struct Layer {
  Layer(std::int64_t n, std::int64_t in, std::int64_t out, Precision precision)
      : n(n), in(in), out(out), precision(precision) {
    x = filled(n * in), weight = filled(out * in), bias = filled(out), dy = filled(n * out), start = filled(out * in);
  }

  std::vector<float> filled(std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = std::uniform_real_distribution<float>(-1, 1)(engine);
    return values;
  }

  double operand(const std::vector<float>& values, std::int64_t i) const {
    const float value = values[static_cast<std::size_t>(i)];
    return double{precision == Precision::bf16 ? float(tl::bfloat16(value)) : value};
  }

  std::mt19937 engine{5};
  std::int64_t n, in, out;
  Precision precision;
  std::vector<float> x, weight, bias, dy, start;
};

/// Checks got against term(row, column, index) summed over `depth` indices, plus offset(row, column).
template <class Term, class Offset>
void check(const std::vector<float>& got, std::int64_t rows, std::int64_t columns, std::int64_t depth, double step,
           const Term& term, const Offset& offset) {
  REQUIRE(got.size() == static_cast<std::size_t>(rows * columns));
  double worst = 0;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      double expected = offset(i, j), squares = expected * expected;
      for (std::int64_t x = 0; x < depth; ++x) expected += term(i, j, x), squares += term(i, j, x) * term(i, j, x);
      const double tolerance = 3 * static_cast<double>(std::numeric_limits<float>::epsilon()) *
                                   std::sqrt((static_cast<double>(depth) + 2) * squares) +
                               step * std::abs(expected);
      const double error = std::abs(expected - double{got[static_cast<std::size_t>(i * columns + j)]});
      if (!(error <= worst * tolerance)) worst = tolerance > 0 ? error / tolerance : error;
    }
  CHECK(worst <= 1.0);
}

const auto zero = [](std::int64_t, std::int64_t) { return 0.0; };

}  // namespace

TEST_CASE("linear equals plain loops, forward and backward, in both precisions") {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const auto& [n, in, out] :
         {std::array<std::int64_t, 3>{27, 48, 96}, {1, 768, 2}, {130, 33, 65}, {16, 7, 1}, {2000, 5, 3}, {0, 4, 6}}) {
      Layer l(n, in, out, precision);
      INFO("n " << n << ", in " << in << ", out " << out << (precision == Precision::bf16 ? ", bf16" : ", f32"));
      const auto product = [&](std::int64_t i, std::int64_t o, std::int64_t k) {
        return l.operand(l.x, i * l.in + k) * l.operand(l.weight, o * l.in + k);
      };
      std::vector<float> y(l.dy.size(), 7.0F), dx(l.x.size(), 7.0F);
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearForward<float>{.x = l.x.data(),
                                                                         .weight = l.weight.data(),
                                                                         .bias = nullptr,
                                                                         .y = y.data(),
                                                                         .n = n,
                                                                         .in = in,
                                                                         .out = out,
                                                                         .precision = precision});
      check(y, n, out, in, 0, product, zero);
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearForward<float>{.x = l.x.data(),
                                                                         .weight = l.weight.data(),
                                                                         .bias = l.bias.data(),
                                                                         .y = y.data(),
                                                                         .n = n,
                                                                         .in = in,
                                                                         .out = out,
                                                                         .precision = precision});
      check(y, n, out, in, precision == Precision::bf16 ? 0x1p-8 : 0, product,
            [&](std::int64_t, std::int64_t o) { return double{l.bias[static_cast<std::size_t>(o)]}; });
      if (precision == Precision::bf16)
        for (const float value : y) REQUIRE(value == float(tl::bfloat16(value)));

      tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardInput<float>{.dy = l.dy.data(),
                                                                               .weight = l.weight.data(),
                                                                               .dx = dx.data(),
                                                                               .n = n,
                                                                               .in = in,
                                                                               .out = out,
                                                                               .precision = precision});
      check(
          dx, n, in, out, 0,
          [&](std::int64_t i, std::int64_t k, std::int64_t o) {
            return l.operand(l.dy, i * l.out + o) * l.operand(l.weight, o * l.in + k);
          },
          zero);

      std::vector<float> dweight = l.start, dbias = l.bias;
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardWeight<float>{.dy = l.dy.data(),
                                                                                .x = l.x.data(),
                                                                                .dweight = dweight.data(),
                                                                                .dbias = dbias.data(),
                                                                                .n = n,
                                                                                .in = in,
                                                                                .out = out,
                                                                                .precision = precision});
      check(
          dweight, out, in, n, 0,
          [&](std::int64_t o, std::int64_t k, std::int64_t i) {
            return l.operand(l.dy, i * l.out + o) * l.operand(l.x, i * l.in + k);
          },
          [&](std::int64_t o, std::int64_t k) { return double{l.start[static_cast<std::size_t>(o * l.in + k)]}; });
      check(
          dbias, 1, out, n, 0,
          [&](std::int64_t, std::int64_t o, std::int64_t i) { return l.operand(l.dy, i * l.out + o); },
          [&](std::int64_t, std::int64_t o) { return double{l.bias[static_cast<std::size_t>(o)]}; });
    }
}

TEST_CASE("linear's gradients are optional one by one") {
  Layer l(9, 4, 3, Precision::f32);
  std::vector<float> dweight = l.start, dbias = l.bias, only_weight = l.start, only_bias = l.bias;
  const auto run = [&](float* weight, float* bias) {
    tl::kernels::run(
        tl::cpu_device,
        tl::kernels::LinearBackwardWeight<float>{
            .dy = l.dy.data(), .x = l.x.data(), .dweight = weight, .dbias = bias, .n = l.n, .in = l.in, .out = l.out});
  };
  run(dweight.data(), dbias.data());
  run(only_weight.data(), nullptr);
  run(nullptr, only_bias.data());
  run(nullptr, nullptr);
  CHECK(only_weight == dweight);
  CHECK(only_bias == dbias);
}

TEST_CASE("linear gives the same bits for any number of threads") {
  const int before = tl::num_threads();
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Layer l(300, 100, 150, precision);
    std::vector<std::vector<float>> first;
    for (const int threads : {1, 2, 3, 4}) {
      tl::set_num_threads(threads);
      std::vector<float> y(l.dy.size()), dx(l.x.size()), dweight = l.start, dbias = l.bias;
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearForward<float>{.x = l.x.data(),
                                                                         .weight = l.weight.data(),
                                                                         .bias = l.bias.data(),
                                                                         .y = y.data(),
                                                                         .n = l.n,
                                                                         .in = l.in,
                                                                         .out = l.out,
                                                                         .precision = precision});
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardInput<float>{.dy = l.dy.data(),
                                                                               .weight = l.weight.data(),
                                                                               .dx = dx.data(),
                                                                               .n = l.n,
                                                                               .in = l.in,
                                                                               .out = l.out,
                                                                               .precision = precision});
      tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardWeight<float>{.dy = l.dy.data(),
                                                                                .x = l.x.data(),
                                                                                .dweight = dweight.data(),
                                                                                .dbias = dbias.data(),
                                                                                .n = l.n,
                                                                                .in = l.in,
                                                                                .out = l.out,
                                                                                .precision = precision});
      const std::vector<std::vector<float>> results = {y, dx, dweight, dbias};
      if (threads == 1) first = results;
      CHECK(results == first);
    }
  }
  tl::set_num_threads(before);
}

TEST_CASE("linear saves x in bfloat16, and the gradient of the weight keeps its bits") {
  for (const auto& [n, in, out] : {std::array<std::int64_t, 3>{27, 48, 96}, {131, 33, 65}, {600, 40, 20}, {1, 7, 3}}) {
    Layer l(n, in, out, Precision::bf16);
    std::vector<float> y(l.dy.size()), expected = l.start, dweight = l.start;
    std::vector<tl::bfloat16> saved(l.x.size());
    tl::kernels::run(tl::cpu_device, tl::kernels::LinearForward<float>{.x = l.x.data(),
                                                                       .weight = l.weight.data(),
                                                                       .bias = l.bias.data(),
                                                                       .y = y.data(),
                                                                       .n = n,
                                                                       .in = in,
                                                                       .out = out,
                                                                       .precision = l.precision,
                                                                       .x_saved = saved.data()});
    for (std::size_t i = 0; i < saved.size(); ++i) REQUIRE(float(saved[i]) == float(tl::bfloat16(l.x[i])));
    tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardWeight<float>{.dy = l.dy.data(),
                                                                              .x = l.x.data(),
                                                                              .dweight = expected.data(),
                                                                              .dbias = nullptr,
                                                                              .n = n,
                                                                              .in = in,
                                                                              .out = out,
                                                                              .precision = l.precision});
    tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardWeight<float>{.dy = l.dy.data(),
                                                                              .x = saved.data(),
                                                                              .dweight = dweight.data(),
                                                                              .dbias = nullptr,
                                                                              .n = n,
                                                                              .in = in,
                                                                              .out = out,
                                                                              .precision = l.precision});
    CHECK(dweight == expected);
  }
}

TEST_CASE("matmul transposes and accumulates as asked") {
  const std::int64_t m = 21, n = 34, k = 17;
  Layer l(m, k, n, Precision::f32);  // any three matrices of the right sizes
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true})
      for (const bool accumulate : {false, true}) {
        std::vector<float> c = l.dy;
        tl::kernels::run(tl::cpu_device, tl::kernels::MatMul<float>{.a = l.x.data(),
                                                                    .b = l.weight.data(),
                                                                    .c = c.data(),
                                                                    .m = m,
                                                                    .n = n,
                                                                    .k = k,
                                                                    .transpose_a = transpose_a,
                                                                    .transpose_b = transpose_b,
                                                                    .accumulate = accumulate});
        check(
            c, m, n, k, 0,
            [&](std::int64_t i, std::int64_t j, std::int64_t x) {
              return l.operand(l.x, transpose_a ? x * m + i : i * k + x) *
                     l.operand(l.weight, transpose_b ? j * k + x : x * n + j);
            },
            [&](std::int64_t i, std::int64_t j) {
              return accumulate ? double{l.dy[static_cast<std::size_t>(i * n + j)]} : 0.0;
            });
      }
}

TEST_CASE("round_to_bf16 gives the values of the bfloat16 type, alone and in a row") {
  std::vector<float> values, rounded;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 65521)  // a prime: all kinds of low bits
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (const std::uint32_t bits : {0x7f800000u, 0xff800000u, 0x7f7fffffu, 0x7fc00000u, 0x7f800001u, 0x3f808000u})
    values.push_back(std::bit_cast<float>(bits));
  rounded.resize(values.size());
  tl::cpu::round_to_bf16(values.data(), rounded.data(), static_cast<std::int64_t>(values.size()));
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto expected = std::bit_cast<std::uint32_t>(float(tl::bfloat16(values[i])));
    wrong += std::bit_cast<std::uint32_t>(rounded[i]) != expected;
    wrong += std::bit_cast<std::uint32_t>(tl::cpu::round_to_bf16(values[i])) != expected;
  }
  CHECK(wrong == 0);
}

TEST_CASE("linear's gradient of x that is added to others has the bits of two gradients that are added") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Layer l(33, 70, 1100, precision);
    std::vector<float> dx(l.x.size()), sum = l.x;
    tl::kernels::LinearBackwardInput<float> product{.dy = l.dy.data(),
                                                    .weight = l.weight.data(),
                                                    .dx = dx.data(),
                                                    .n = l.n,
                                                    .in = l.in,
                                                    .out = l.out,
                                                    .precision = precision};
    tl::kernels::run(tl::cpu_device, product);
    product.dx = sum.data();
    product.accumulate = true;
    tl::kernels::run(tl::cpu_device, product);
    std::vector<float> expected = l.x;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += dx[i];
    CHECK(sum == expected);
  }
}
