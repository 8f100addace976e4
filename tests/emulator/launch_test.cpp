// A launch on the emulator: the device answers, grids and blocks have their limits, and kernels of the library run.
#include <vector>

#include <tl/core/tensor.hpp>

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
