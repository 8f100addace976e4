// convert: every pair of formats, rounded as core/dtype.hpp rounds.
#include <tl/kernels/cpu/convert.hpp>

#include <cmath>
#include <vector>

#include "support/catch.hpp"

using tl::bfloat16, tl::half, tl::Stored;

namespace {

/// The numbers of the test in a format; of the type U.
template <class U> std::vector<U> numbers() {
  const std::vector<float> values{0.0F,  -0.0F, 1.0F,      1.0F / 3.0F, -65519.0F,
                                  1e-7F, 1e30F, -INFINITY, 257.0F,      1.0078125F};
  std::vector<U> result;
  for (const float value : values) result.push_back(static_cast<U>(value));
  return result;
}

template <class T, class From, class To> void check_pair() {
  const std::vector<From> x = numbers<From>();
  std::vector<To> y(x.size());
  const auto n = static_cast<std::int64_t>(x.size());
  tl::kernels::run(tl::cpu_device, tl::kernels::Convert<T>{.x = x.data(), .y = y.data(), .n = n});
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO(i);
    CHECK(static_cast<double>(y[i]) == static_cast<double>(static_cast<To>(static_cast<float>(x[i]))));
  }
}

template <class T> void check_all() {
  check_pair<T, T, bfloat16>();
  check_pair<T, T, half>();
  check_pair<T, bfloat16, T>();
  check_pair<T, half, T>();
  check_pair<T, bfloat16, half>();
  check_pair<T, half, bfloat16>();
}

}  // namespace

TEST_CASE("convert: every pair of formats") {
  check_all<float>();
  check_all<double>();
}

TEST_CASE("convert: NaN stays NaN") {
  const std::vector<float> x{NAN};
  std::vector<bfloat16> y(1);
  std::vector<half> z(1);
  tl::kernels::run(tl::cpu_device, tl::kernels::Convert<float>{.x = x.data(), .y = y.data(), .n = 1});
  tl::kernels::run(tl::cpu_device, tl::kernels::Convert<float>{.x = y.data(), .y = z.data(), .n = 1});
  CHECK(std::isnan(float(y[0])));
  CHECK(std::isnan(float(z[0])));
}

TEST_CASE("stored: one of its addresses is not null, and a part begins after whole elements") {
  std::vector<float> own(4);
  std::vector<bfloat16> low(4);
  const Stored<float> a = own.data(), b = low.data(), none;
  CHECK(a.own() == own.data());
  CHECK(a.bf16() == nullptr);
  CHECK((a + 3).own() == own.data() + 3);
  CHECK((b + 3).bf16() == low.data() + 3);
  CHECK(b.own() == nullptr);
  CHECK_FALSE(none);
  CHECK((none + 3).own() == nullptr);
  const Stored<const float> read = b;
  CHECK(read.bf16() == low.data());
  CHECK(read.f16() == nullptr);
  const Stored<const double> half_precision(static_cast<const half*>(nullptr));
  CHECK(half_precision.format == tl::DType::f16);
  static_assert(std::is_trivially_copyable_v<Stored<float>> && sizeof(Stored<float>) == 16);
}
