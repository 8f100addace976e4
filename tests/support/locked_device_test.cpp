// The locked device itself: it does report what it is there to report.
#include "support/locked_device.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <tl/core/device_event.hpp>
#include <tl/core/tensor.hpp>
#include "support/catch.hpp"

using tl::Tensor;

namespace {

/// What a process says on stderr that runs `body`, and how it ends.
struct Child {
  int status = 0;
  std::string said;
};

Child in_child(const std::function<void()>& body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(ends[1]);
  Child result;
  char some[512];
  for (ssize_t count = 0; (count = read(ends[0], some, sizeof some)) > 0;)
    result.said.append(some, static_cast<std::size_t>(count));
  close(ends[0]);
  waitpid(child, &result.status, 0);
  return result;
}

Tensor<float> on_device(std::int64_t n) { return Tensor<float>::full({n}, 1.5F, tl::cuda_device); }

tl::kernels::Add<float> add(const Tensor<float>& a, const Tensor<float>& b, Tensor<float> y) {
  return {.a = a.data(), .b = b.data(), .y = y.data(), .n = a.elements()};
}

}  // namespace

TEST_CASE("locked device: a host access ends the program with its place") {
  const tl::test::LockedDevice device;
  const Tensor<float> x = on_device(16);
  const float* const address = x.data();
  const Child child = in_child([&] {
    volatile float value = address[4];
    (void)value;
  });
  CHECK(WEXITSTATUS(child.status) == 99);
  CHECK(child.said.find("locked device: the host touches device memory, byte 16 of a block of 64 bytes; the device's "
                        "last work: ") == 0);
  CHECK(child.said.find("tl_support_tests") != std::string::npos);  // the frames
  CHECK(WEXITSTATUS(in_child([&] { *const_cast<float*>(address) = 2.0F; }).status) == 99);
}

TEST_CASE("locked device: a host access while another thread runs kernels is reported, too") {
  const tl::test::LockedDevice device;
  const Child child = in_child([] {
    const Tensor<float> x = on_device(1 << 16), y = on_device(1 << 16);
    std::atomic<bool> stop = false;
    std::thread kernels([&] {
      while (!stop) tl::kernels::run(tl::cuda_device, add(x, x, y));
    });
    volatile float value = x.data()[0];
    (void)value;
    stop = true;
    kernels.join();
  });
  CHECK(WEXITSTATUS(child.status) == 99);
}

TEST_CASE("locked device: a parameter struct with an address of the host is refused") {
  const tl::test::LockedDevice device;
  const Tensor<float> x = on_device(4), here = Tensor<float>::zeros({4});
  TL_REQUIRE_ERROR(tl::kernels::run(tl::cuda_device, add(x, here, x)),
                   "add: expected device addresses alone, got one of the host at byte 16 of its parameters");
  const std::vector<float> plain(4);
  auto params = add(x, x, x);
  params.a = plain.data();
  TL_REQUIRE_ERROR(tl::kernels::run(tl::cuda_device, params),
                   "add: expected device addresses alone, got one of the "
                   "host at byte 0 of its parameters");
  const float* former = nullptr;
  {
    const Tensor<float> gone = on_device(4);
    former = gone.data();
  }
  params.a = former;
  TL_REQUIRE_ERROR(tl::kernels::run(tl::cuda_device, params),
                   "add: expected device memory that is in use at byte 0 of its parameters, got memory that is not in "
                   "use");
}

TEST_CASE("locked device: kernels are the CPU's, fresh memory is NaN, and copies stay inside their blocks") {
  const tl::test::LockedDevice device;
  const Tensor<float> x = on_device(3), y = on_device(3);
  const tl::test::DeviceCounts before = device.counts();
  tl::kernels::run(tl::cuda_device, add(x, x, y));
  CHECK(y.to_vector() == std::vector<float>{3.0F, 3.0F, 3.0F});
  CHECK(device.counts() - before == tl::test::DeviceCounts{.waits = 1, .to_host = 1, .launches = 1});
  for (const float value : Tensor<float>::empty({5}, tl::cuda_device).to_vector()) CHECK(std::isnan(value));
  float outside[5] = {};
  TL_REQUIRE_ERROR(
      tl::cuda_backend.copy(outside, x.data(), 20, tl::CopyKind::device_to_host),
      "copy, source: expected 20 bytes of device memory that is in use, got byte 0 of a block of 12 bytes");
  TL_REQUIRE_ERROR(tl::cuda_backend.copy(outside, outside, 20, tl::CopyKind::device_to_host),
                   "copy, source: expected 20 bytes of device memory that is in use, got an address of the host");
}

TEST_CASE("locked device: a copy to the host without waiting arrives at the event after it") {
  const tl::test::LockedDevice device;
  const Tensor<float> x = on_device(3);
  auto first = Tensor<float>::pinned({3}), second = Tensor<float>::pinned({3});
  CHECK(first.is_pinned());
  first.copy_from_async(x);
  const tl::DeviceEvent event(tl::cuda_device);
  second.copy_from_async(x);
  CHECK(std::isnan(first.at({0})));
  event.wait();
  CHECK(first.at({2}) == 1.5F);
  CHECK(std::isnan(second.at({0})));
  tl::cuda_backend.synchronize();
  CHECK(second.at({0}) == 1.5F);
  auto there = Tensor<float>::empty({3}, tl::cuda_device);
  there.copy_from_async(second);
  CHECK(there.to_vector() == x.to_vector());
  TL_REQUIRE_ERROR(there.copy_from_async(Tensor<float>::zeros({3})),
                   "copy_from_async: expected a pinned tensor and one on a GPU, got f32[3]@cuda:0 and f32[3]@cpu");
}

TEST_CASE("locked device: memory that was given back serves again") {
  const tl::test::LockedDevice device;
  (void)on_device(1000);
  const tl::test::DeviceCounts before = device.counts();
  (void)on_device(990);
  CHECK(device.counts() - before == tl::test::DeviceCounts{.to_device = 1, .requests = 1});
}

TEST_CASE("without the locked device pinned memory says what is missing") {
  TL_REQUIRE_ERROR(Tensor<float>::pinned({3}), "device cuda:0 is not available: this program was built without CUDA");
}
