// The GPU's layer normalisation against the CPU's in double precision.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/kernels/cpu/layer_norm.hpp>
#include <tl/kernels/layer_norm.hpp>

#include "support/catch.hpp"

namespace {

constexpr double eps = 1e-12;

std::vector<double> random_values(std::size_t count, double mean, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(static_cast<float>(mean), 1.0F);
  std::vector<double> values(count);
  for (double& value : values)
    value = static_cast<double>(normal(generator));  // floats, so that both types see the same
  return values;
}

/// Everything that one forward and backward pass reads and writes, on one device.
template <class T> struct Case {
  std::int64_t n, d;
  tl::Device device;
  tl::Tensor<T> x, gamma, beta, dy;                // [N, D], [D], [D], [N, D]
  tl::Tensor<T> y, mean, rstd, dx, dgamma, dbeta;  // [N, D], [N], [N], [N, D], [D], [D]

  Case(std::int64_t n_, std::int64_t d_, tl::Device device_) : n(n_), d(d_), device(device_) {
    const auto make = [&](const tl::Shape& shape, double mean_value, unsigned seed) {
      const auto values = random_values(static_cast<std::size_t>(shape.elements()), mean_value, seed);
      return tl::Tensor<T>::from(std::vector<T>(values.begin(), values.end()), shape, device);
    };
    x = make({n, d}, 3.0, 1);
    gamma = make({d}, 1.0, 2);
    beta = make({d}, 0.0, 3);
    dy = make({n, d}, 0.0, 4);
    y = make({n, d}, 0.0, 5);  // overwritten
    mean = make({n}, 0.0, 6);
    rstd = make({n}, 0.0, 7);
    dx = make({n, d}, 0.0, 8);
    dgamma = make({d}, 0.0, 9);  // accumulated into
    dbeta = make({d}, 0.0, 10);
  }

  void forward() {
    tl::kernels::run(device, tl::kernels::LayerNormForward<T>{.x = x.data(),
                                                              .gamma = gamma.data(),
                                                              .beta = beta.data(),
                                                              .y = y.data(),
                                                              .mean = mean.data(),
                                                              .rstd = rstd.data(),
                                                              .n = n,
                                                              .d = d,
                                                              .eps = eps});
  }
  void backward(bool want_dx = true, bool want_dgamma = true, bool want_dbeta = true) {
    tl::kernels::run(device, tl::kernels::LayerNormBackward<T>{.dy = dy.data(),
                                                               .x = x.data(),
                                                               .gamma = gamma.data(),
                                                               .mean = mean.data(),
                                                               .rstd = rstd.data(),
                                                               .dx = want_dx ? dx.data() : nullptr,
                                                               .dgamma = want_dgamma ? dgamma.data() : nullptr,
                                                               .dbeta = want_dbeta ? dbeta.data() : nullptr,
                                                               .n = n,
                                                               .d = d});
  }
};

/// Checks `got` against `expected` with tolerance eps(T) * sqrt(terms) * the largest expected value.
template <class T>
void check_close(const char* what, const tl::Tensor<T>& got, const tl::Tensor<double>& expected, std::int64_t terms) {
  const auto values = got.to_vector();
  const auto wanted = expected.to_vector();
  double largest = 1.0, worst = 0.0;
  std::size_t at = 0;
  for (const double value : wanted) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - wanted[i]);
    if (!(difference <= worst)) worst = difference, at = i;
  }
  const double tolerance =
      4.0 * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::sqrt(static_cast<double>(terms)) * largest;
  INFO(what << " element " << at << ": got " << values[at] << ", expected " << wanted[at] << ", "
            << 100.0 * worst / tolerance << " % of the tolerance");
  CHECK(worst <= tolerance);
}

template <class T> void check_against_cpu(std::int64_t n, std::int64_t d) {
  INFO("n = " << n << ", d = " << d);
  Case<T> gpu(n, d, tl::cuda_device);
  Case<double> cpu(n, d, tl::cpu_device);
  gpu.forward();
  cpu.forward();
  check_close("y", gpu.y, cpu.y, d);
  check_close("mean", gpu.mean, cpu.mean, d);
  check_close("rstd", gpu.rstd, cpu.rstd, d);
  gpu.backward();
  cpu.backward();
  check_close("dx", gpu.dx, cpu.dx, d);
  check_close("dgamma", gpu.dgamma, cpu.dgamma, n);
  check_close("dbeta", gpu.dbeta, cpu.dbeta, n);
}

}  // namespace

TEST_CASE("cuda layer_norm: equals the CPU for rows shorter and longer than a warp, and for pieces that end early") {
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  for (const std::int64_t n : {1, 7, 64, 65, 1000})
    for (const std::int64_t d : {16, 31, 32, 33, 768}) {
      check_against_cpu<float>(n, d);
      check_against_cpu<double>(n, d);
    }
}

TEST_CASE("cuda layer_norm: same bits each time") {
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  Case<float> first(1000, 768, tl::cuda_device), second(1000, 768, tl::cuda_device);
  for (auto* one : {&first, &second}) {
    one->forward();
    one->backward();
  }
  CHECK(first.y.to_vector() == second.y.to_vector());
  CHECK(first.dx.to_vector() == second.dx.to_vector());
  CHECK(first.dgamma.to_vector() == second.dgamma.to_vector());
  CHECK(first.dbeta.to_vector() == second.dbeta.to_vector());
}

TEST_CASE("cuda layer_norm: gradients that are not asked for stay untouched") {
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  const Case<float> before(20, 40, tl::cuda_device);
  Case<float> all(20, 40, tl::cuda_device);
  all.forward();
  all.backward();
  for (int wanted = 0; wanted < 8; ++wanted) {
    Case<float> some(20, 40, tl::cuda_device);
    some.forward();
    some.backward(wanted & 1, wanted & 2, wanted & 4);
    CHECK(some.dx.to_vector() == (wanted & 1 ? all : before).dx.to_vector());
    CHECK(some.dgamma.to_vector() == (wanted & 2 ? all : before).dgamma.to_vector());
    CHECK(some.dbeta.to_vector() == (wanted & 4 ? all : before).dbeta.to_vector());
  }
}

TEST_CASE("cuda layer_norm: no rows are no work") {
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  Case<float> none(0, 16, tl::cuda_device);
  const auto before = none.dgamma.to_vector();
  none.forward();
  none.backward();
  CHECK(none.dgamma.to_vector() == before);
}
