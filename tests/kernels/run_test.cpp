#include <tl/kernels/run.hpp>

#include "support/catch.hpp"

namespace {

struct Contract {
  static constexpr const char* name = "my_op";

  int* calls;
};

std::string no_reason() { return {}; }

}  // namespace

namespace tl::cpu {
void run(Cpu, const Contract& params) { ++*params.calls; }
}  // namespace tl::cpu

TEST_CASE("run() calls the body of the device for the contract's type") {
  int calls = 0;
  tl::kernels::run(tl::cpu_device, Contract{&calls});
  CHECK(calls == 1);
  tl::kernels::provide_cuda<Contract>([](const Contract& params) { *params.calls += 10; });
  tl::kernels::run(tl::cuda_device, Contract{&calls});
  tl::kernels::cuda_kernel<Contract> = nullptr;
  CHECK(calls == 11);
}

TEST_CASE("a contract without a CUDA body says which, and what to do") {
  int calls = 0;
  const auto run = [&] { tl::kernels::run(tl::cuda_device, Contract{&calls}); };
  TL_REQUIRE_ERROR(run(), "my_op: no CUDA kernel in this program; link tl::cuda");
  tl::cuda_backend.unavailable_reason = &no_reason;
  const std::string sentence = tl::test::error_of(run);
  tl::cuda_backend.unavailable_reason = nullptr;
  CHECK(sentence == "my_op: no CUDA kernel in this program; tl::cuda does not provide this operation yet");
  CHECK(calls == 0);
}
