#include <tl/optim/gradient_norm.hpp>

#include <random>

#include "support/catch.hpp"

using tl::clip_coefficient;

namespace {

// Equal up to a relative difference.
bool near(double a, double b, double relative) { return std::abs(a - b) <= relative * std::abs(b); }

tl::ParameterSpace<float> space_of(std::int64_t elements) {
  const tl::Parameter<float> p({elements}, tl::Initialization::normal, tl::WeightDecay::on);
  return tl::ParameterSpace<float>({{"p", p, 0, elements}});
}

}  // namespace

TEST_CASE("the norm is the root of the sum of squares") {
  auto space = space_of(3);
  space.at("p").gradient().copy_from(tl::Tensor<float>::from({3, 4, 12}, {3}));
  CHECK(tl::gradient_norm(space) == 13.0);
}

TEST_CASE("the norm has the same bits for every thread count, and double accuracy") {
  auto space = space_of(1'000'003);
  std::mt19937 generator(1);
  std::normal_distribution<float> distribution(0.0f, 1e-3f);
  long double exact = 0;
  auto gradient = space.at("p").gradient();
  for (float& value : gradient.span()) {
    value = distribution(generator);
    exact += static_cast<long double>(value) * value;
  }
  const int before = tl::num_threads();
  tl::set_num_threads(1);
  const double alone = tl::gradient_norm(space);
  for (const int threads : {2, 3, 7}) {
    tl::set_num_threads(threads);
    CHECK(tl::gradient_norm(space) == alone);
  }
  tl::set_num_threads(before);
  CHECK(near(alone, static_cast<double>(std::sqrt(exact)), 1e-12));
}

TEST_CASE("large gradients do not overflow the norm") {
  auto space = space_of(2);
  space.at("p").gradient().fill(3e30f);
  CHECK(near(tl::gradient_norm(space), 3e30 * std::sqrt(2.0), 1e-6));
}

TEST_CASE("the clip coefficient is min(1, max / (norm + 1e-6)) in float") {
  CHECK(clip_coefficient(0.5, 1.0) == 1.0);
  CHECK(clip_coefficient(0.0, 1.0) == 1.0);
  CHECK(clip_coefficient(4.0, 1.0) == static_cast<double>(1.0f / (4.0f + 1e-6f)));
  // At the boundary the 1e-6 already acts, as in the reference.
  CHECK(clip_coefficient(1.0, 1.0) == static_cast<double>(1.0f / (1.0f + 1e-6f)));
  CHECK(clip_coefficient(1.0, 1.0) < 1.0);
  CHECK(clip_coefficient(123.0, 0.0) == 1.0);  // 0 switches clipping off
}

TEST_CASE("a norm that is not finite makes gradients that are not numbers, never a silent 1") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(clip_coefficient(nan, 1.0)));
  CHECK(clip_coefficient(infinite, 1.0) == 0.0);  // times an infinite gradient: NaN
  auto space = space_of(20);
  space.at("p").gradient().data()[7] = static_cast<float>(nan);
  CHECK(std::isnan(tl::gradient_norm(space)));
  space.at("p").gradient().data()[7] = static_cast<float>(-infinite);
  CHECK(tl::gradient_norm(space) == infinite);
}
