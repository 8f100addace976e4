// What a program that links tl::cuda sees: on a machine without a GPU the reason, on one with a GPU working memory.
#include <numeric>
#include <string>
#include <vector>

#include <tl/core/device.hpp>
#include <tl/core/tensor.hpp>

#include "support/catch.hpp"

namespace {

const bool gpu = tl::is_available(tl::cuda_device);

}  // namespace

TEST_CASE("cuda: linking tl::cuda fills the hooks") {
  CHECK(tl::cuda_backend.unavailable_reason != nullptr);
  CHECK(tl::cuda_backend.allocate != nullptr);
  CHECK(tl::cuda_backend.release != nullptr);
  CHECK(tl::cuda_backend.fill_zero != nullptr);
  CHECK(tl::cuda_backend.copy != nullptr);
  CHECK(tl::cuda_backend.synchronize != nullptr);
  CHECK(tl::cuda_unavailable_reason().find("link tl::cuda") == std::string::npos);
}

TEST_CASE("cuda: device() is the GPU if one answers, else the CPU") {
  CHECK(tl::device() == (gpu ? tl::cuda_device : tl::cpu_device));
}

TEST_CASE("cuda: without a GPU, asking for one says why not") {
  if (gpu) TL_SKIP("this machine has a GPU");
  const std::string reason = tl::cuda_unavailable_reason();
  INFO("reason: " << reason);
  CHECK(reason.find("NVIDIA") != std::string::npos);
  TL_REQUIRE_ERROR(tl::require(tl::cuda_device), "device cuda:0 is not available: " + reason);
  TL_REQUIRE_ERROR(tl::Tensor<float>::zeros({2, 3}, tl::cuda_device), "device cuda:0 is not available: " + reason);
}

TEST_CASE("cuda: values survive the way to the GPU and back") {
  if (!gpu) TL_SKIP(tl::cuda_unavailable_reason());
  std::vector<float> values(1000);
  std::iota(values.begin(), values.end(), 0.5F);
  const auto there = tl::Tensor<float>::from(values, {10, 100}, tl::cuda_device);
  CHECK(tl::to_string(there) == "f32[10, 100]@cuda:0");
  CHECK(there.clone().to_vector() == values);
  CHECK(there.rows(3, 4).to_vector() == std::vector<float>(values.begin() + 300, values.begin() + 400));
}

TEST_CASE("cuda: zeros are zeros, also in memory that was used before") {
  if (!gpu) TL_SKIP(tl::cuda_unavailable_reason());
  for (int turn = 0; turn < 3; ++turn) {
    auto tensor = tl::Tensor<float>::zeros({1 << 16}, tl::cuda_device);
    CHECK(tensor.to_vector() == std::vector<float>(1 << 16, 0.0F));
    tensor.copy_from(tl::Tensor<float>::full({1 << 16}, 7.0F));
    CHECK(tensor.to_vector() == std::vector<float>(1 << 16, 7.0F));
  }
  CHECK(tl::Tensor<float>::zeros({0}, tl::cuda_device).to_vector().empty());
}

TEST_CASE("cuda: running out of memory is a sentence, and the next allocation works") {
  if (!gpu) TL_SKIP(tl::cuda_unavailable_reason());
  const std::int64_t petabyte = std::int64_t{1} << 50;
  TL_REQUIRE_ERROR(tl::Tensor<float>::empty({petabyte / 4}, tl::cuda_device),
                   "out of memory: cannot allocate 1125899906842624 bytes on cuda:0, where ");
  CHECK(tl::Tensor<float>::full({2}, 3.0F, tl::cuda_device).to_vector() == std::vector<float>{3.0F, 3.0F});
}
