// The models of ldmatrix, mma.sync, cp.async and atomics against what the PTX manual says of them.
#include "emulator/instructions.hpp"

#include <cmath>
#include <cstddef>
#include <numeric>

#include "support/catch.hpp"

namespace {

std::vector<float> whole_numbers(std::size_t count, int modulus) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(static_cast<int>(i) * 7 % modulus - modulus / 2);
  return values;
}

std::vector<float> product(const std::vector<float>& a, const std::vector<float>& b, std::vector<float> c) {
  const std::size_t depth = a.size() / 16;
  for (std::size_t i = 0; i < 16; ++i)
    for (std::size_t j = 0; j < 8; ++j)
      for (std::size_t k = 0; k < depth; ++k) c[i * 8 + j] += a[i * depth + k] * b[k * 8 + j];
  return c;
}

}  // namespace

TEST_CASE("emulator: ldmatrix gives a lane two elements of a row, or with trans of a column") {
  for (const std::size_t count : {1U, 2U, 4U}) {
    std::vector<std::uint16_t> matrices(64 * count);
    std::iota(matrices.begin(), matrices.end(), std::uint16_t{0});
    const auto plain = tl::emulator::run_load_matrices(static_cast<int>(count), false, matrices);
    const auto transposed = tl::emulator::run_load_matrices(static_cast<int>(count), true, matrices);
    CHECK(plain[5 * count] == (10U | 11U << 16));       // lane 5: row 1, columns 2 and 3
    CHECK(transposed[5 * count] == (17U | 25U << 16));  // lane 5: rows 2 and 3, column 1
    for (std::size_t lane = 0; lane < 32; ++lane)
      for (std::size_t m = 0; m < count; ++m) {
        const auto first = static_cast<unsigned>(64 * m + 2 * lane);
        CHECK(plain[lane * count + m] == (first | (first + 1) << 16));
        const auto top = static_cast<unsigned>(64 * m + lane % 4 * 16 + lane / 4);
        CHECK(transposed[lane * count + m] == (top | (top + 8) << 16));
      }
  }
}

TEST_CASE("emulator: mma.sync multiplies tiles in f16, bf16 and tf32") {
  const auto b16 = whole_numbers(128, 11), b8 = whole_numbers(64, 11), c = whole_numbers(128, 5);
  const auto a16 = whole_numbers(256, 23), a8 = whole_numbers(128, 23);
  CHECK(tl::emulator::run_multiply("f16", a16, b16, c) == product(a16, b16, c));
  CHECK(tl::emulator::run_multiply("bf16", a16, b16, c) == product(a16, b16, c));
  CHECK(tl::emulator::run_multiply("tf32", a8, b8, c) == product(a8, b8, c));
}

TEST_CASE("emulator: mma.sync in tf32 takes 10 bits of each mantissa") {
  std::vector<float> a(128, 0.0F), b(64, 0.0F);
  a[0] = 1.0F + std::ldexp(1.0F, -10) + std::ldexp(1.0F, -11);
  b[0] = 1.0F;
  const auto c = tl::emulator::run_multiply("tf32", a, b, std::vector<float>(128, 0.0F));
  CHECK(c[0] == 1.0F + std::ldexp(1.0F, -10));
}

TEST_CASE("emulator: cp.async reads the bytes it is told to, the rest is zero") {
  std::vector<std::uint8_t> bytes(512);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  for (const int source_bytes : {16, 12, 4, 0}) {
    auto expected = bytes;
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (i % 16 >= static_cast<std::size_t>(source_bytes)) expected[i] = 0;
    CHECK(tl::emulator::run_copies(bytes, source_bytes) == expected);
  }
}

TEST_CASE("emulator: atomics change a word as a whole") {
  const std::uint32_t all = 0xFFFFFFFFU;
  CHECK(tl::emulator::run_atomics() ==
        std::vector<std::uint32_t>{5 + 2 * 496, 5U - 64U, 0, 31, 9, 3, 6, all});  // inc: 5 -> 0 -> 1 -> 2 -> 3 -> 0 ...
}
