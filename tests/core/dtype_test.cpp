#include <tl/core/dtype.hpp>

#include <cmath>
#include <random>
#include <vector>

#include "support/catch.hpp"

namespace {

// A 16-bit float format by its definition, in double: independent of the bit tricks of the library.
struct Format {
  int fraction_bits, lowest_exponent, highest_exponent;  // of normal numbers

  double largest() const { return std::ldexp(2.0 - std::ldexp(1.0, -fraction_bits), highest_exponent); }

  // Rounds to nearest, ties to even, as a double; infinity from half a step beyond the largest on.
  double round(double value) const {
    if (std::isnan(value) || std::isinf(value) || value == 0.0) return value;
    const int exponent = std::max(std::ilogb(value), lowest_exponent);
    const double step = std::ldexp(1.0, exponent - fraction_bits);
    const double rounded = std::nearbyint(value / step) * step;  // the default rounding mode is to nearest even
    return std::abs(rounded) > largest() ? std::copysign(INFINITY, value) : rounded;
  }

  // The value of a bit pattern.
  double value(std::uint16_t bits) const {
    const int exponent_field = (bits & 0x7fff) >> fraction_bits;
    const int fraction = bits & ((1 << fraction_bits) - 1);
    const double sign = bits & 0x8000 ? -1.0 : 1.0;
    const int top = highest_exponent - lowest_exponent + 2;
    if (exponent_field == top) return fraction ? std::nan("") : sign * INFINITY;
    if (exponent_field == 0) return sign * std::ldexp(fraction, lowest_exponent - fraction_bits);
    return sign * std::ldexp((1 << fraction_bits) + fraction, lowest_exponent + exponent_field - 1 - fraction_bits);
  }
};

constexpr Format half_format{10, -14, 15}, bfloat16_format{7, -126, 127};

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

// Counts instead of checks, because Catch would take seconds for some million assertions.
template <class Small> void check_all_patterns(const Format& format) {
  int wrong_value = 0, wrong_round_trip = 0;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    Small small;
    small.bits = static_cast<std::uint16_t>(bits);
    const float value = small;
    if (!same(value, format.value(small.bits))) ++wrong_value;
    const Small back(value);
    const bool fine = std::isnan(value) ? std::isnan(static_cast<float>(back)) : back.bits == small.bits;
    if (!fine) ++wrong_round_trip;
  }
  CHECK(wrong_value == 0);
  CHECK(wrong_round_trip == 0);
}

template <class Small> void check_rounding(const Format& format) {
  int wrong = 0;
  float first_wrong = 0;
  const auto look = [&](float value) {
    if (same(static_cast<float>(Small(value)), static_cast<float>(format.round(value)))) return;
    if (wrong++ == 0) first_wrong = value;
  };
  // Around every representable number: itself, the midpoints to its neighbours, and one float above and below.
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const double value = format.value(static_cast<std::uint16_t>(bits));
    const double next = format.value(static_cast<std::uint16_t>(bits + 1));
    const auto exact = static_cast<float>(value), middle = static_cast<float>((value + next) / 2);
    for (const float centre : {exact, middle})
      for (const float direction : {-INFINITY, INFINITY}) {
        look(centre);
        look(std::nextafter(centre, direction));
      }
  }
  std::mt19937 generator(1);
  for (int i = 0; i < 500000; ++i) look(std::bit_cast<float>(static_cast<std::uint32_t>(generator())));
  INFO("first wrong value: " << std::hexfloat << first_wrong);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("all 65536 half patterns have their value and survive the round trip") {
  check_all_patterns<tl::half>(half_format);
}

TEST_CASE("all 65536 bfloat16 patterns have their value and survive the round trip") {
  check_all_patterns<tl::bfloat16>(bfloat16_format);
}

TEST_CASE("float to half rounds to nearest, ties to even") { check_rounding<tl::half>(half_format); }

TEST_CASE("float to bfloat16 rounds to nearest, ties to even") { check_rounding<tl::bfloat16>(bfloat16_format); }

TEST_CASE("edges of half") {
  CHECK(static_cast<float>(tl::half(65504.0f)) == 65504.0f);
  CHECK(static_cast<float>(tl::half(65519.996f)) == 65504.0f);
  CHECK(std::isinf(static_cast<float>(tl::half(65520.0f))));
  CHECK(tl::half(-INFINITY).bits == 0xfc00);
  CHECK(tl::half(0x1p-24f).bits == 1);  // the smallest subnormal
  CHECK(tl::half(0x1p-25f).bits == 0);  // a tie between 0 and it
  CHECK(tl::half(0x1.000002p-25f).bits == 1);
  CHECK(tl::half(0x1.ff8p-15f).bits == 0x03ff);  // the largest subnormal
  CHECK(tl::half(0x1.ffcp-15f).bits == 0x0400);  // a tie that becomes the smallest normal number
  CHECK(tl::half(-0.0f).bits == 0x8000);
  CHECK(std::isnan(static_cast<float>(tl::half(NAN))));
}

TEST_CASE("NaN stays NaN in bfloat16, also when only low bits of its payload are set") {
  const float quiet = std::bit_cast<float>(0x7f800001u);
  CHECK(std::isnan(static_cast<float>(tl::bfloat16(quiet))));
  CHECK(std::isnan(static_cast<float>(tl::bfloat16(std::bit_cast<float>(0xffffffffu)))));
  CHECK(tl::bfloat16(std::numeric_limits<float>::max()).bits == 0x7f80);  // rounds up to infinity
}

TEST_CASE("conversions are constant expressions") {
  static_assert(tl::half(1.5f).bits == 0x3e00);
  static_assert(static_cast<float>(tl::bfloat16(1.0f)) == 1.0f);
  SUCCEED();
}

TEST_CASE("every dtype has a name and a size") {
  using tl::DType;
  const std::vector<std::tuple<DType, std::string_view, std::size_t>> all = {
      {DType::f64, "f64", 8}, {DType::f32, "f32", 4}, {DType::bf16, "bf16", 2}, {DType::f16, "f16", 2},
      {DType::i64, "i64", 8}, {DType::i32, "i32", 4}, {DType::u8, "u8", 1}};
  for (const auto& [dtype, name, size] : all) {
    CHECK(tl::to_string(dtype) == name);
    CHECK(tl::size_of(dtype) == size);
  }
  static_assert(tl::dtype_of<tl::half> == DType::f16 && tl::dtype_of<std::int32_t> == DType::i32);
  static_assert(tl::Real<float> && !tl::Real<tl::half> && !tl::Element<char>);
}
