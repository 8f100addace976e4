#include <tl/core/device.hpp>

#include "support/catch.hpp"
#include <tl/core/tensor.hpp>

// This program does not link tl::cuda.

TEST_CASE("without a backend the best device is the cpu") {
  CHECK(tl::device() == tl::cpu_device);
  CHECK(tl::is_available(tl::cpu_device));
  CHECK_FALSE(tl::is_available(tl::cuda_device));
  CHECK_NOTHROW(tl::require(tl::cpu_device));
}

TEST_CASE("asking for CUDA says why it is not there") {
  CHECK(tl::cuda_unavailable_reason() == "this program was built without CUDA; link tl::cuda");
  TL_REQUIRE_ERROR(tl::require(tl::cuda_device),
                   "device cuda:0 is not available: this program was built without CUDA; link tl::cuda");
  TL_REQUIRE_ERROR(tl::Tensor<float>::zeros({2}, tl::cuda_device), "device cuda:0 is not available");
  TL_REQUIRE_ERROR(tl::Tensor<float>::zeros({2}).to(tl::cuda_device), "device cuda:0 is not available");
  TL_REQUIRE_ERROR(tl::Tensor<float>::full({2}, 1.0f, tl::Device{tl::DeviceType::cuda, 3}),
                   "device cuda:3 is not available");
}

TEST_CASE("devices have names") {
  CHECK(tl::to_string(tl::cpu_device) == "cpu");
  CHECK(tl::to_string(tl::Device{tl::DeviceType::cuda, 2}) == "cuda:2");
  CHECK(tl::cuda_device != tl::cpu_device);
}
