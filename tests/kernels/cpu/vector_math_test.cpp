// exp, erf and tanh against the standard library in double, over every part of float's range, in every code path.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "support/catch.hpp"

#include <tl/kernels/cpu/vector_math.hpp>

namespace {

// Floats of both signs, equally spaced as integers, so that each binade is covered; 0 and the ends are among them.
std::vector<float> sample_of_all_floats() {
  std::vector<float> values{0.0F, std::numeric_limits<float>::max(), std::numeric_limits<float>::min(),
                            std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::infinity()};
  for (std::uint32_t bits = 0; bits < 0x7f800000U; bits += 997) values.push_back(std::bit_cast<float>(bits));
  const std::size_t positive = values.size();
  for (std::size_t i = 0; i < positive; ++i) values.push_back(-values[i]);
  return values;
}

double ulp(double value) {
  const float magnitude = std::max(std::abs(static_cast<float>(value)), std::numeric_limits<float>::min());
  return static_cast<double>(std::nextafter(magnitude, std::numeric_limits<float>::infinity())) - magnitude;
}

// The results of `function` on `x`, by the instruction set of this machine.
template <class Function> std::vector<float> evaluated(const std::vector<float>& x, const Function& function) {
  std::vector<float> y(x.size());
  tl::cpu::with_vectors<float>(
      [in = x.data(), out = y.data(), &function, n = static_cast<std::int64_t>(x.size())]() TL_INLINE {
        tl::cpu::vector_loop(n, [=, &function](std::int64_t i) TL_INLINE { out[i] = function(in[i]); });
      });
  return y;
}

struct Worst {
  double error = 0.0;
  float at = 0.0F;
  void note(double candidate, float x) {
    if (!(candidate <= error)) error = candidate, at = x;
  }
};

}  // namespace

TEST_CASE("exp is within 2 ulp of the exact value") {
  const auto x = sample_of_all_floats();
  const auto y = evaluated(x, [](float v) TL_INLINE { return tl::cpu::exp(v); });
  Worst worst;
  int finite_too_long = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(static_cast<double>(x[i]));
    if (exact > static_cast<double>(std::numeric_limits<float>::max())) {
      finite_too_long += exact > 3.41e38 && y[i] != std::numeric_limits<float>::infinity();
      continue;
    }
    worst.note(std::abs(y[i] - exact) / ulp(exact), x[i]);
  }
  INFO("largest error " << worst.error << " ulp at " << worst.at);
  CHECK(worst.error <= 2.0);
  CHECK(finite_too_long == 0);
  CHECK(tl::cpu::exp(0.0F) == 1.0F);
  CHECK(tl::cpu::exp(-std::numeric_limits<float>::infinity()) == 0.0F);
}

TEST_CASE("erf is within 1e-7 of the exact value, and relatively within 2e-7") {
  const auto x = sample_of_all_floats();
  const auto y = evaluated(x, [](float v) TL_INLINE { return tl::cpu::erf(v); });
  Worst absolute, relative;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::erf(static_cast<double>(x[i]));
    absolute.note(std::abs(y[i] - exact), x[i]);
    if (std::abs(x[i]) > 1e-30F) relative.note(std::abs(y[i] - exact) / std::abs(exact), x[i]);
  }
  INFO("largest error " << absolute.error << " at " << absolute.at << ", relative " << relative.error << " at "
                        << relative.at);
  CHECK(absolute.error <= 1e-7);
  CHECK(relative.error <= 2e-7);
}

TEST_CASE("tanh is within 1e-7 of the exact value, and relatively within 2e-7") {
  const auto x = sample_of_all_floats();
  const auto y = evaluated(x, [](float v) TL_INLINE { return tl::cpu::tanh(v); });
  Worst absolute, relative;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::tanh(static_cast<double>(x[i]));
    absolute.note(std::abs(y[i] - exact), x[i]);
    if (std::abs(x[i]) > 1e-30F) relative.note(std::abs(y[i] - exact) / std::abs(exact), x[i]);
  }
  INFO("largest error " << absolute.error << " at " << absolute.at << ", relative " << relative.error << " at "
                        << relative.at);
  CHECK(absolute.error <= 1e-7);
  CHECK(relative.error <= 2e-7);
}

TEST_CASE("NaN stays NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float x : {nan, -nan}) {
    CHECK(std::isnan(tl::cpu::exp(x)));
    CHECK(std::isnan(tl::cpu::erf(x)));
    CHECK(std::isnan(tl::cpu::tanh(x)));
  }
}
