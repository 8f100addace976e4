// A launch on the emulator: the device answers, grids and blocks have their limits, and kernels of the library run.
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/kernels/cpu/multiply.hpp>
#include <tl/kernels/multiply.hpp>
#include <tl/kernels/run.hpp>

#include "emulator/emulator.hpp"
#include "support/catch.hpp"

TEST_CASE("emulator: the GPU answers") {
  CHECK(tl::is_available(tl::cuda_device));
  const auto there = tl::Tensor<float>::from({1, 2, 3}, {3}, tl::cuda_device);
  CHECK(there.to(tl::cpu_device).to_vector() == std::vector<float>{1, 2, 3});
}

TEST_CASE("emulator: the host cannot touch device memory") {
  const auto there = tl::Tensor<float>::from({1, 2, 3}, {3}, tl::cuda_device);
  const float* const address = there.data();
  float value = 0.0F;
  const std::string report =
      tl::emulator::report_of_host_access([&] { value = *static_cast<const volatile float*>(address); });
  INFO(report);
  CHECK(report.find("the host touches device memory, at launch_test.cpp:") == 0);
  CHECK(report.find("byte 0 of a device allocation of") != std::string::npos);
}

TEST_CASE("emulator: the report of a kernel of the library is in the error of its operation") {
  const auto a = tl::Tensor<float>::full({64}, 2.0F, tl::cuda_device);
  auto y = tl::Tensor<float>::zeros({64}, tl::cuda_device);
  const auto multiply = [&](std::int64_t n) {
    tl::kernels::run(tl::cuda_device,
                     tl::kernels::Multiply<float>{.a = a.data(), .b = a.data(), .y = y.data(), .n = n});
  };
  multiply(64);
  CHECK(y.to(tl::cpu_device).to_vector() == std::vector<float>(64, 4.0F));
  TL_REQUIRE_ERROR(multiply(65), "0 bytes behind the end of one of 256 bytes: out of bounds");
  TL_REQUIRE_ERROR(multiply(65), "multiply of [65]");
  multiply(64);
}

TEST_CASE("emulator: memory runs out where it is told to") {
  tl::emulator::set_memory_limit(std::size_t{1} << 20);
  TL_REQUIRE_ERROR(tl::Tensor<float>::zeros({1 << 19}, tl::cuda_device),
                   "out of memory: cannot allocate 2097152 bytes");
  tl::emulator::set_memory_limit(0);
  CHECK(tl::Tensor<float>::zeros({2}, tl::cuda_device).to(tl::cpu_device).to_vector() == std::vector<float>{0, 0});
}
