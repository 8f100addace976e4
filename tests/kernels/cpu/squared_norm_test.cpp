// squared_norm: against a plain sum, and the same bits for any number of threads.
#include <cmath>
#include <vector>

#include <tl/core/parallel.hpp>
#include <tl/kernels/cpu/squared_norm.hpp>
#include <tl/kernels/squared_norm.hpp>

#include "support/catch.hpp"

namespace {

double squared_norm(const std::vector<float>& x) {
  double result = -1.0;
  tl::kernels::run(tl::cpu_device, tl::kernels::SquaredNorm<float>{
                                       .x = x.data(), .result = &result, .n = static_cast<std::int64_t>(x.size())});
  return result;
}

std::vector<float> values(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i)) * 3.0F;
  return x;
}

}  // namespace

TEST_CASE("squared_norm is the sum of squares, accumulated in double") {
  for (const std::size_t count : {0U, 1U, 15U, 16U, 17U, 1000U, 100003U}) {
    const auto x = values(count);
    double expected = 0.0;
    for (const float value : x) expected += static_cast<double>(value) * static_cast<double>(value);
    INFO(count << " elements");
    CHECK(std::abs(squared_norm(x) - expected) <= 1e-12 * (expected + 1.0));
  }
}

TEST_CASE("squared_norm has the same bits for any number of threads") {
  const auto x = values(300007);
  const int before = tl::num_threads();
  tl::set_num_threads(1);
  const double alone = squared_norm(x);
  for (const int threads : {2, 3, 5}) {
    tl::set_num_threads(threads);
    CHECK(squared_norm(x) == alone);
  }
  tl::set_num_threads(before);
}

TEST_CASE("squared_norm does not hide NaN or infinity") {
  auto x = values(100);
  x[57] = INFINITY;
  CHECK(std::isinf(squared_norm(x)));
  x[58] = NAN;
  CHECK(std::isnan(squared_norm(x)));
}
