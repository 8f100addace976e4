// The scalars of a step on the GPU have the CPU's bits, through updates with losses and norms of every kind.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/kernels/cpu/step_state.hpp>

#include "support/catch.hpp"

namespace {

using tl::kernels::StepState;

/// The words of the state after four updates of two micro-batches, the third of which has this loss or norm.
std::vector<std::int64_t> state_after(double third_loss, double third_norm, double max_norm, bool scaled,
                                      tl::Device device) {
  const StepState start{.updates = 4, .micro_batch = 11, .loss = 0.25F, .loss_scale = 2.0F};
  auto memory = tl::Tensor<std::int64_t>::zeros({sizeof(StepState) / 8});
  std::memcpy(memory.data(), &start, sizeof start);
  memory = memory.to(device);
  auto* const state = reinterpret_cast<StepState*>(memory.data());
  for (int update = 0; update < 4; ++update) {
    const double value = update == 2 ? third_loss : 0.7 / (update + 1);
    const auto loss = tl::Tensor<float>::full({1}, static_cast<float>(value), device);
    const auto wide = tl::Tensor<double>::full({1}, value, device);
    tl::kernels::run(device,
                     tl::kernels::AddLoss<float>{
                         .loss = loss.data(), .state = state, .factor = 0.3F, .divisor = 7.0F, .scaled = scaled});
    tl::kernels::run(
        device, tl::kernels::AddLoss<double>{.loss = wide.data(), .state = state, .divisor = 3.0F, .scaled = scaled});
    tl::kernels::run(device, tl::kernels::AddLoss<float>{.loss = nullptr, .state = state});
    const double norm = update == 2 ? third_norm : 3.1 / (update + 1);
    auto squared_norm = memory.view(2, tl::Shape{1});
    squared_norm.copy_from(tl::Tensor<std::int64_t>::full({1}, std::bit_cast<std::int64_t>(norm), device));
    tl::kernels::run(device, tl::kernels::PrepareUpdate{.state = state,
                                                        .scaled = scaled,
                                                        .max_norm = static_cast<float>(max_norm),
                                                        .scaling = {.growth_interval = 2}});
  }
  memory = memory.to(tl::cpu_device);
  StepState end;
  std::memcpy(static_cast<void*>(&end), memory.data(), sizeof end);
  for (float* number : {&end.loss, &end.grad_norm, &end.clip, &end.failed_value})
    if (std::isnan(*number)) *number = NAN;  // which NaN it is differs from processor to processor
  end.squared_norm = 0.0;
  std::memcpy(memory.data(), &end, sizeof end);
  return memory.to_vector();
}

}  // namespace

TEST_CASE("cuda step_state: same bits as the CPU, with losses and norms that are finite and that are not") {
  static_assert(offsetof(StepState, squared_norm) == 16);
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  for (const double loss : {0.1, 1e30, double{NAN}, -double{INFINITY}})
    for (const double norm : {0.0, 2.0, 1e12, double{NAN}, double{INFINITY}})
      for (const double max_norm : {0.0, 1.0, 1e6})
        for (const bool scaled : {false, true}) {
          INFO("loss " << loss << ", norm " << norm << ", max_norm " << max_norm << (scaled ? ", scaled" : ""));
          const auto expected = state_after(loss, norm, max_norm, scaled, tl::cpu_device);
          CHECK((state_after(loss, norm, max_norm, scaled, tl::cuda_device) == expected));
        }
}

TEST_CASE("cuda step_state: the gradient that a backward pass begins with is the share times the scale") {
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason());
  const StepState start{.loss_scale = 4096.0F};
  auto memory = tl::Tensor<std::int64_t>::zeros({sizeof(StepState) / 8});
  std::memcpy(memory.data(), &start, sizeof start);
  memory = memory.to(tl::cuda_device);
  const auto* const state = reinterpret_cast<const StepState*>(memory.data());
  auto seed = tl::Tensor<float>::zeros({1}, tl::cuda_device);
  auto wide = tl::Tensor<double>::zeros({1}, tl::cuda_device);
  tl::kernels::run(tl::cuda_device,
                   tl::kernels::ScaledSeed<float>{.seed = seed.data(), .state = state, .share = 0.25F});
  tl::kernels::run(tl::cuda_device,
                   tl::kernels::ScaledSeed<double>{.seed = wide.data(), .state = state, .share = 0.5F});
  CHECK(seed.item() == 1024.0F);
  CHECK(wide.item() == 2048.0);
}
