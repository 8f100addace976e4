#include <tl/core/finite.hpp>

#include <limits>

#include "support/catch.hpp"

TEMPLATE_TEST_CASE("finite numbers, infinities and NaN are told apart by their bits", "", float, double) {
  using Limits = std::numeric_limits<TestType>;
  for (const TestType value : {TestType(0), TestType(-1), Limits::max(), Limits::lowest(), Limits::denorm_min()}) {
    CHECK(tl::detail::is_finite(value));
    CHECK_FALSE(tl::detail::is_nan(value));
  }
  for (const TestType value : {Limits::infinity(), -Limits::infinity()}) {
    CHECK_FALSE(tl::detail::is_finite(value));
    CHECK_FALSE(tl::detail::is_nan(value));
  }
  for (const TestType value : {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN()}) {
    CHECK_FALSE(tl::detail::is_finite(value));
    CHECK(tl::detail::is_nan(value));
  }
}

TEST_CASE("finite numbers that a float cannot hold are told apart from infinities") {
  constexpr double largest = std::numeric_limits<float>::max();
  for (const double value : {0.0, -largest, largest, 1e-300, std::numeric_limits<double>::infinity()})
    CHECK(tl::detail::fits_float(value));
  CHECK(tl::detail::fits_float(std::numeric_limits<double>::quiet_NaN()));
  for (const double value : {1e39, -1e300, std::numeric_limits<double>::max()})
    CHECK_FALSE(tl::detail::fits_float(value));
}
