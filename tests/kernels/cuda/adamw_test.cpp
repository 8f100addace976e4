// AdamW on the GPU gives the CPU's bits.
#include <random>
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cpu/adamw.hpp>

#include "support/catch.hpp"

namespace {

/// Parameter, first and second moment after some updates of `n` elements on `device`.
std::vector<std::vector<float>> updated(std::int64_t n, tl::Device device) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(n));
  const auto random = [&] {
    for (float& value : values) value = normal(generator);
    return tl::Tensor<float>::from(values, {n}, device);
  };
  auto parameter = random();
  auto m = tl::Tensor<float>::zeros({n}, device), v = tl::Tensor<float>::zeros({n}, device);
  for (std::int64_t step = 1; step <= 3; ++step) {
    const auto gradient = random();
    tl::kernels::run(device, tl::kernels::AdamW<float>{.parameter = parameter.data(),
                                                       .gradient = gradient.data(),
                                                       .exp_avg = m.data(),
                                                       .exp_avg_sq = v.data(),
                                                       .n = n,
                                                       .lr = 2e-3,
                                                       .beta1 = 0.9,
                                                       .beta2 = 0.999,
                                                       .eps = 1e-8,
                                                       .weight_decay = 0.01,
                                                       .step = step,
                                                       .gradient_scale = 0.3F});
  }
  return {parameter.to_vector(), m.to_vector(), v.to_vector()};
}

}  // namespace

TEST_CASE("cuda adamw: same bits as the CPU, for less than a block and for more than one turn of the grid") {
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  for (const std::int64_t n : {0, 1, 255, 257, 2'000'003}) {
    INFO("n = " << n);
    CHECK((updated(n, tl::cuda_device) == updated(n, tl::cpu_device)));
  }
}
