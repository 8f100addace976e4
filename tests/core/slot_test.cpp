#include <tl/kernels/slot.hpp>

#include "support/catch.hpp"

namespace {

struct Params {
  int* calls;
};

void count(const Params& params) { ++*params.calls; }

std::string no_reason() { return {}; }

}  // namespace

TEST_CASE("a slot runs the kernel of the device") {
  int calls = 0;
  const tl::kernels::Slot<Params> slot{"my_op", &count};
  slot(tl::cpu_device, {&calls});
  CHECK(calls == 1);
}

TEST_CASE("a slot without a kernel says which, and what to do") {
  int calls = 0;
  const tl::kernels::Slot<Params> slot{"my_op", &count}, none{"other_op", nullptr};
  TL_REQUIRE_ERROR(none(tl::cpu_device, {&calls}), "other_op: no CPU kernel in this program");
  TL_REQUIRE_ERROR(slot(tl::cuda_device, {&calls}), "my_op: no CUDA kernel in this program; link tl::cuda");
  tl::cuda_backend.unavailable_reason = &no_reason;
  const std::string sentence = tl::test::error_of([&] { slot(tl::cuda_device, {&calls}); });
  tl::cuda_backend.unavailable_reason = nullptr;
  CHECK(sentence == "my_op: no CUDA kernel in this program; tl::cuda does not provide this operation yet");
  CHECK(calls == 0);
}
