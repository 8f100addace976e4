#include <tl/core/device.hpp>

#include <tl/core/tensor.hpp>
#include "support/catch.hpp"

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

TEST_CASE("there is one GPU, and another index does not mean it") {
  const auto before = tl::cuda_backend.unavailable_reason;
  tl::cuda_backend.unavailable_reason = [] { return std::string(); };  // as if a GPU were there
  const bool first = tl::is_available(tl::cuda_device);
  const tl::Device fourth{tl::DeviceType::cuda, 3};
  const bool other = tl::is_available(fourth);
  const std::string sentence = tl::test::error_of([&] { tl::require(fourth); });
  tl::cuda_backend.unavailable_reason = before;
  CHECK(first);
  CHECK_FALSE(other);
  CHECK(sentence ==
        "device cuda:3 is not available: expected index 0, tl uses one GPU, which CUDA_VISIBLE_DEVICES can choose");
}

TEST_CASE("devices have names") {
  CHECK(tl::to_string(tl::cpu_device) == "cpu");
  CHECK(tl::to_string(tl::Device{tl::DeviceType::cuda, 2}) == "cuda:2");
  CHECK(tl::cuda_device != tl::cpu_device);
}
