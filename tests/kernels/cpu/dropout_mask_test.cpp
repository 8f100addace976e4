// The dropout rule: what one draw is, that the fast body draws the same, and that the share kept is right.
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

#include <tl/kernels/cpu/dropout_factors.hpp>

namespace {

using tl::kernels::DropoutMask;

template <class T> std::vector<T> fast_factors(const DropoutMask& mask, std::int64_t row, std::int64_t width) {
  std::vector<T> out(static_cast<std::size_t>(width), T(-1));
  tl::cpu::with_vectors<T>([&, to = out.data()]() TL_INLINE { tl::cpu::dropout_factors(mask, row, width, to); });
  return out;
}

}  // namespace

TEST_CASE("the fast dropout factors are those of the rule, for every width and coordinate") {
  const std::vector<std::int32_t> sequence{5, 0, 1 << 30}, position{0, 511, 7};
  for (const double p : {0.1, 0.5, 0.999, 1.0})
    for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{41}, (std::uint64_t{1} << 33) + 5})
      for (const std::int64_t width : {1, 7, 8, 64, 127, 128, 129, 768, 1001}) {
        DropoutMask mask{p, 0x0123456789abcdefU, 7, step, nullptr, nullptr};
        if (width % 2) mask.sequence = sequence.data(), mask.position = position.data();
        for (std::int64_t row = 0; row < 3; ++row) {
          std::vector<float> expected(static_cast<std::size_t>(width));
          mask.factors(mask.row_sequence(row), mask.row_position(row), width, mask.scale(), expected.data());
          const bool same = fast_factors<float>(mask, row, width) == expected;
          INFO("p " << p << ", step " << step << ", width " << width << ", row " << row);
          REQUIRE(same);
          const auto wide = fast_factors<double>(mask, row, width);
          REQUIRE(std::equal(wide.begin(), wide.end(), expected.begin()));
        }
      }
}

TEST_CASE("dropout factors of several short rows drawn together are those of each row") {
  const DropoutMask mask{0.3, 99, 4, 12, nullptr, nullptr};
  for (const std::int64_t width : {8, 16, 32, 40, 64})
    for (const tl::CpuIsa isa : tl::all_cpu_isas) {
      if (isa > tl::detected_cpu_isa()) continue;
      const std::int64_t rows = tl::cpu::dropout_piece / width;
      std::vector<float> together(static_cast<std::size_t>(rows * width)), expected = together;
      tl::cpu::dropout_factors(mask, 3, 100, rows, width, mask.scale(), together.data(), isa);
      for (std::int64_t row = 0; row < rows; ++row)
        mask.factors(3, static_cast<std::uint32_t>(100 + row), width, mask.scale(), expected.data() + row * width);
      INFO(tl::to_string(isa) << ", " << rows << " rows of " << width);
      CHECK(together == expected);
    }
}

TEST_CASE("a mask depends on seed, site, step, sequence and position, and on nothing else") {
  const DropoutMask mask{0.5, 42, 3, 10, nullptr, nullptr};
  const auto reference = fast_factors<float>(mask, 4, 256);
  CHECK(fast_factors<float>(mask, 4, 256) == reference);
  for (DropoutMask other :
       {DropoutMask{0.5, 43, 3, 10, nullptr, nullptr}, DropoutMask{0.5, 42, 4, 10, nullptr, nullptr},
        DropoutMask{0.5, 42, 3, 11, nullptr, nullptr},
        DropoutMask{0.5, 42 + (std::uint64_t{1} << 32), 3, 10, nullptr, nullptr},
        DropoutMask{0.5, 42, 3, 10 + (std::uint64_t{1} << 32), nullptr, nullptr}})
    CHECK(fast_factors<float>(other, 4, 256) != reference);
  CHECK(fast_factors<float>(mask, 5, 256) != reference);

  // Row 4 without coordinates is sequence 4, position 0, wherever that row is in a packed batch.
  const std::vector<std::int32_t> sequence{9, 4}, position{0, 0}, later{0, 1};
  DropoutMask packed = mask;
  packed.sequence = sequence.data();
  packed.position = position.data();
  CHECK(fast_factors<float>(packed, 1, 256) == reference);
  packed.position = later.data();
  CHECK(fast_factors<float>(packed, 1, 256) != reference);

  // A wider row begins with the same channels.
  auto wider = fast_factors<float>(mask, 4, 1024);
  wider.resize(256);
  CHECK(wider == reference);
}

TEST_CASE("the share of kept elements is 1 - p, and their scale is its inverse") {
  for (const double p : {0.1, 0.2, 0.5, 0.9}) {
    const DropoutMask mask{p, 7, 1, 1, nullptr, nullptr};
    const std::int64_t rows = 200, width = 768;
    std::int64_t kept = 0;
    for (std::int64_t row = 0; row < rows; ++row)
      for (const float factor : fast_factors<float>(mask, row, width)) {
        if (factor == 0.0F) continue;
        REQUIRE(factor == mask.scale());
        ++kept;
      }
    const double drawn = static_cast<double>(rows * width);
    CHECK(std::abs(static_cast<double>(kept) / drawn - (1.0 - p)) < 5.0 * std::sqrt(p * (1.0 - p) / drawn));
    CHECK(std::abs(mask.scale() * (1.0 - p) - 1.0) < 1e-4);
  }
  CHECK(DropoutMask{.p = 0.1}.threshold() == 6554);
  CHECK(DropoutMask{.p = 1.0}.scale() == 0.0F);
  CHECK_FALSE(DropoutMask{}.active());
}
