#include <tl/core/device.hpp>

#include <cstdlib>

#include <tl/core/tensor.hpp>
#include "support/catch.hpp"
#include "support/locked_memory.hpp"

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

TEST_CASE("devices are named by texts") {
  CHECK(tl::device_from("cpu") == tl::cpu_device);
  CHECK(tl::device_from("cuda") == tl::cuda_device);
  CHECK(tl::device_from("cuda:0") == tl::cuda_device);
  CHECK(tl::device_from("cuda:12") == tl::Device{tl::DeviceType::cuda, 12});
  for (const char* text : {"gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:0 ", "0", "99", "cuda:99999999999"})
    TL_REQUIRE_ERROR(tl::device_from(text), std::string("expected a device, cpu, cuda or cuda:0, got ") + text);
  TL_REQUIRE_ERROR(tl::device_from(""), "expected a device, cpu, cuda or cuda:0, got an empty text");
}

TEST_CASE("TL_DEVICE chooses the device of the process") {
  const auto with = [](const char* text) {
    setenv("TL_DEVICE", text, 1);
    std::string said;
    try {
      said = tl::to_string(tl::device());
    } catch (const tl::Error& error) {
      said = error.what();
    }
    unsetenv("TL_DEVICE");
    return said;
  };
  CHECK(with("cpu") == "cpu");
  CHECK(with("cuda") ==
        "TL_DEVICE: device cuda:0 is not available: this program was built without CUDA; link tl::cuda");
  CHECK(with("tpu") == "TL_DEVICE: expected a device, cpu, cuda or cuda:0, got tpu");
  const tl::test::LockedMemoryScope device;
  CHECK(tl::device() == tl::cuda_device);
  CHECK(with("cpu") == "cpu");
  CHECK(with("cuda:0") == "cuda:0");
  CHECK(with("cuda:1") ==
        "TL_DEVICE: device cuda:1 is not available: expected index 0, tl uses one GPU, which CUDA_VISIBLE_DEVICES can "
        "choose");
}

TEST_CASE("a device without kernels for bfloat16 says so") {
  CHECK_NOTHROW(tl::require_precision(tl::cpu_device, tl::Precision::bf16));
  const tl::test::LockedMemoryScope device;
  CHECK_NOTHROW(tl::require_precision(tl::cuda_device, tl::Precision::bf16));
  tl::cuda_backend.multiplies_in = nullptr;
  CHECK_NOTHROW(tl::require_precision(tl::cuda_device, tl::Precision::f32));
  TL_REQUIRE_ERROR(tl::require_precision(tl::cuda_device, tl::Precision::bf16),
                   "bf16: expected f32 on cuda:0, which does not multiply in bfloat16, got bf16");
}

TEST_CASE("devices have names") {
  CHECK(tl::to_string(tl::cpu_device) == "cpu");
  CHECK(tl::to_string(tl::Device{tl::DeviceType::cuda, 2}) == "cuda:2");
  CHECK(tl::cuda_device != tl::cpu_device);
}
