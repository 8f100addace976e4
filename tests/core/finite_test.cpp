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
