// Errors of kernels: at once, and those that a later call finds.
#include "support/catch.hpp"

#include <tl/kernels/cuda/launch.cuh>

#include <string>

#include <tl/core/device.hpp>

#include "runtime_in_place.hpp"

using tl::cuda::Launch;
using tl::cuda::runtime;
using tl::cuda::StartedKernels;
using tl::test::RuntimeInPlace;

namespace {

__global__ void does_nothing(int) {}

cudaError_t fail_late(cudaStream_t) { return cudaErrorIllegalAddress; }

}  // namespace

TEST_CASE("cuda launch: an error at once names operation and shape") {
  TL_REQUIRE_ERROR(
      tl::cuda::launch(Launch{.operation = "attention_forward", .shape = {2, 3}, .blocks = 1, .threads = 4096},
                       &does_nothing, 1),
      "CUDA: attention_forward of [2, 3]: cannot start the kernel: ");
  TL_REQUIRE_ERROR(
      tl::cuda::launch(Launch{.operation = "add", .shape = {7}, .blocks = std::int64_t{1} << 40, .threads = 32},
                       &does_nothing, 1),
      "add of [7]: expected at most 2147483647 by 65535 blocks of threads, got 1099511627776 by 1; use smaller "
      "batches");
  const RuntimeInPlace kept;
  runtime.func_set_attribute = [](const void*, cudaFuncAttribute, int) { return cudaErrorInvalidValue; };
  TL_REQUIRE_ERROR(
      tl::cuda::launch(
          Launch{.operation = "add", .shape = {7}, .blocks = 1, .threads = 32, .shared_bytes = std::size_t{1} << 20},
          &does_nothing, 1),
      "CUDA: add of [7]: this GPU has less than 1048576 bytes of shared memory for a block: ");
}

TEST_CASE("cuda launch: an error that is found late names the kernels that were started, the last of them") {
  const RuntimeInPlace kept;
  runtime.stream_synchronize = [](cudaStream_t) { return cudaSuccess; };
  tl::cuda_backend.synchronize();
  for (std::int64_t i = 1; i <= 9; ++i) StartedKernels::instance().add(i % 2 ? "add" : "softmax_forward", {i, 5});
  runtime.stream_synchronize = &fail_late;
  TL_REQUIRE_ERROR(tl::cuda_backend.synchronize(), "CUDA: a kernel failed: ");
  TL_REQUIRE_ERROR(
      tl::cuda_backend.synchronize(),
      "; of 9 kernels started since the last wait, the last are: softmax_forward of [2, 5], add of [3, 5], "
      "softmax_forward of [4, 5], add of [5, 5], softmax_forward of [6, 5], add of [7, 5], "
      "softmax_forward of [8, 5], add of [9, 5]; the GPU cannot be used any more in this process, start it "
      "again: checkpoints that were saved are whole");
  runtime.stream_synchronize = [](cudaStream_t) { return cudaSuccess; };
  tl::cuda_backend.synchronize();
  CHECK(StartedKernels::instance().sentence().empty());
}

TEST_CASE("cuda launch: copies and fills that fail say how many bytes went where") {
  const RuntimeInPlace kept;
  runtime.memset_async = [](void*, int, std::size_t, cudaStream_t) { return cudaErrorInvalidValue; };
  TL_REQUIRE_ERROR(tl::cuda_backend.fill_zero(nullptr, 12), "CUDA: cannot fill 12 bytes with zero: ");
  runtime.memcpy_async = [](void*, const void*, std::size_t, cudaMemcpyKind, cudaStream_t) {
    return cudaErrorInvalidValue;
  };
  char byte = 0;
  TL_REQUIRE_ERROR(tl::cuda_backend.copy(&byte, &byte, 12, tl::CopyKind::device_to_host),
                   "CUDA: cannot copy 12 bytes from the GPU: ");
  TL_REQUIRE_ERROR(tl::cuda_backend.copy_async(&byte, &byte, 13, tl::CopyKind::host_to_device),
                   "CUDA: cannot copy 13 bytes to the GPU: ");
}

TEST_CASE("cuda: a second GPU is a sentence") {
  TL_REQUIRE_ERROR(tl::require({tl::DeviceType::cuda, 1}),
                   "device cuda:1 is not available: expected index 0, tl uses one GPU, which CUDA_VISIBLE_DEVICES can "
                   "choose");
}
