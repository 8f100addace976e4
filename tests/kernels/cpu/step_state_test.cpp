// The numbers of a step that stay on a device: what a micro-batch adds, how gradients are clipped, what is kept of the
// first loss or norm that is not finite, and that AdamW and dropout read them.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <tl/kernels/cpu/adamw.hpp>
#include <tl/kernels/cpu/dropout_factors.hpp>
#include <tl/kernels/cpu/step_state.hpp>

#include "support/catch.hpp"

namespace {

using tl::kernels::StepFailure;
using tl::kernels::StepState;

constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();

void add_loss(StepState& state, float loss, float factor = 1.0F, float divisor = 1.0F) {
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::AddLoss<float>{.loss = &loss, .state = &state, .factor = factor, .divisor = divisor});
}

void prepare(StepState& state, double squared_norm, float max_norm) {
  state.squared_norm = squared_norm;
  tl::kernels::run(tl::cpu_device, tl::kernels::PrepareUpdate{.state = &state, .max_norm = max_norm});
}

void prepare_scaled(StepState& state, double squared_norm, float max_norm, std::int32_t growth_interval = 2000) {
  state.squared_norm = squared_norm;
  tl::kernels::run(
      tl::cpu_device,
      tl::kernels::PrepareUpdate{
          .state = &state, .scaled = true, .max_norm = max_norm, .scaling = {.growth_interval = growth_interval}});
}

}  // namespace

TEST_CASE("the loss of an update is the sum of the parts of its micro-batches, which are counted") {
  StepState state{.micro_batch = 7};
  add_loss(state, 0.3F, 1.0F, 4.0F);
  add_loss(state, 0.7F, 0.25F);
  tl::kernels::run(tl::cpu_device, tl::kernels::AddLoss<double>{.loss = nullptr, .state = &state});
  CHECK(state.loss == 0.3F / 4.0F + 0.7F * 0.25F);
  CHECK(state.micro_batch == 10);
  CHECK(state.apply == 1);
}

TEST_CASE("clipping: the factor min(1, max_norm / (norm + 1e-6)) in float, and none without a max_norm") {
  StepState state;
  prepare(state, 9.0, 1.0F);
  CHECK(state.updates == 1);
  CHECK(state.grad_norm == 3.0F);
  CHECK(state.clip == 1.0F / (3.0F + 1e-6F));
  prepare(state, 0.25, 1.0F);
  CHECK(state.clip == 1.0F);
  prepare(state, INFINITY, 0.0F);
  CHECK(state.updates == 3);
  CHECK(state.clip == 1.0F);
  CHECK(state.grad_norm == 0.5F);
  CHECK(state.apply == 1);
}

TEST_CASE("fp16: the scale of the loss is in the first gradient, and taken out of norm and gradients") {
  StepState state{.loss_scale = 8.0F};
  float seed = 0.0F;
  tl::kernels::run(tl::cpu_device, tl::kernels::ScaledSeed<float>{.seed = &seed, .state = &state, .share = 0.25F});
  CHECK(seed == 2.0F);
  prepare_scaled(state, 64.0 * 9.0, 1.0F);
  CHECK(state.grad_norm == 3.0F);
  CHECK(state.clip == 1.0F / (3.0F + 1e-6F) / 8.0F);
  state.grad_norm = 0.5F;
  prepare_scaled(state, 64.0 * 9.0, 0.0F);
  CHECK(state.clip == 0.125F);
  CHECK(state.grad_norm == 0.5F);
}

TEST_CASE("fp16: scale, skipped updates and their count follow the reference's GradScaler") {
  // torch.amp.GradScaler(init_scale=1024, growth_interval=3) over gradients that overflow at the updates marked 1.
  const int overflows[] = {0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1};
  const float scales[] = {1024, 1024, 512, 512, 512, 1024, 1024, 512, 256, 256, 256, 512, 512, 512, 1024, 512};
  StepState state{.loss_scale = 1024.0F};
  std::int64_t made = 0, skipped = 0;
  for (std::size_t i = 0; i < std::size(scales); ++i) {
    INFO("update " << i + 1);
    prepare_scaled(state, overflows[i] ? (i == 7 ? double{NAN} : double{INFINITY}) : 1.0, 0.0F, 3);
    ++(overflows[i] ? skipped : made);
    CHECK(state.loss_scale == scales[i]);
    CHECK(state.apply == 1 - overflows[i]);
    CHECK(state.updates == made);
    CHECK(state.skipped == skipped);
  }
  CHECK((state.failure == StepFailure::none));
}

TEST_CASE("fp16: a scale stays finite, and one below the least stops all updates") {
  StepState state{.loss_scale = 0x1p127F};
  prepare_scaled(state, 1.0, 0.0F, 1);
  CHECK(state.loss_scale == 0x1p127F);
  state = {.micro_batch = 6, .loss_scale = 1.0F / 4096.0F};
  prepare_scaled(state, INFINITY, 1.0F);
  CHECK((state.failure == StepFailure::none));
  prepare_scaled(state, INFINITY, 1.0F);
  CHECK((state.failure == StepFailure::scale));
  CHECK(state.failed_value == 1.0F / 16384.0F);
  CHECK(state.failed_micro_batch == 5);
  prepare_scaled(state, 1.0, 1.0F);
  CHECK(state.apply == 0);
}

TEST_CASE("fp16: for a loss that is not finite the mean of those before it is added, as the reference does") {
  StepState state{.updates = 9, .skipped = 2, .loss_since = 8, .loss = 6.0F};
  const float loss = INFINITY;
  tl::kernels::run(tl::cpu_device, tl::kernels::AddLoss<float>{.loss = &loss, .state = &state, .scaled = true});
  CHECK(state.loss == 6.0F + 6.0F / 4.0F);
  CHECK(state.micro_batch == 1);
  CHECK((state.failure == StepFailure::none));
}

TEST_CASE("a loss that is not finite stops all updates, and the first one is kept") {
  StepState state{.micro_batch = 4};
  add_loss(state, 1.0F);
  add_loss(state, -INFINITY);
  add_loss(state, quiet_nan);
  CHECK(state.apply == 0);
  CHECK((state.failure == StepFailure::loss));
  CHECK(state.failed_value == -INFINITY);
  CHECK(state.failed_micro_batch == 5);
  CHECK(state.loss == 1.0F);
  prepare(state, NAN, 1.0F);
  CHECK((state.failure == StepFailure::loss));
}

TEST_CASE("a norm that is not finite stops all updates, and belongs to the last micro-batch") {
  StepState state{.micro_batch = 4};
  add_loss(state, 1.0F);
  prepare(state, INFINITY, 1.0F);
  CHECK(state.apply == 0);
  CHECK((state.failure == StepFailure::norm));
  CHECK(state.failed_value == INFINITY);
  CHECK(state.failed_micro_batch == 4);
  prepare(state, 1.0, 1.0F);
  CHECK(state.apply == 0);
}

TEST_CASE("AdamW with a state: factors of its update from the table, its clip, and nothing if it may not apply") {
  const auto update = [](std::vector<double>& p, std::vector<double>& m, std::vector<double>& v,
                         const std::vector<double>& g) {
    return tl::kernels::AdamW<double>{.parameter = p.data(),
                                      .gradient = g.data(),
                                      .exp_avg = m.data(),
                                      .exp_avg_sq = v.data(),
                                      .n = 3,
                                      .lr = 1e-2,
                                      .beta1 = 0.9,
                                      .beta2 = 0.999,
                                      .eps = 1e-8,
                                      .weight_decay = 0.1,
                                      .step = 3,
                                      .gradient_scale = 0.5};
  };
  const std::vector<double> gradient{1.0, -2.0, 0.5};
  std::vector<double> expected{1.0, 2.0, 3.0}, m1{0.1, 0.2, 0.3}, v1{0.4, 0.5, 0.6};
  const auto by_value = update(expected, m1, v1, gradient);
  const auto start = expected;
  tl::kernels::run(tl::cpu_device, by_value);

  const std::vector<tl::kernels::AdamWFactors<double>> table{tl::kernels::adamw_factors(by_value), {}};
  StepState state{.updates = 3, .clip = 0.5F};
  std::vector<double> got{1.0, 2.0, 3.0}, m2{0.1, 0.2, 0.3}, v2{0.4, 0.5, 0.6};
  auto by_state = update(got, m2, v2, gradient);
  by_state.lr = by_state.gradient_scale = NAN;  // not read
  by_state.state = &state;
  by_state.table = table.data();
  by_state.table_size = 2;
  state.apply = 0;
  tl::kernels::run(tl::cpu_device, by_state);
  CHECK(got == start);
  state.apply = 1;
  tl::kernels::run(tl::cpu_device, by_state);
  CHECK(got == expected);
  CHECK(m2 == m1);
  CHECK(v2 == v1);
}

TEST_CASE("a dropout mask whose step lies in memory is the mask of that step") {
  std::uint64_t step = (std::uint64_t{1} << 33) + 5;
  tl::kernels::DropoutMask by_value{.p = 0.4, .seed = 9, .site = 2, .step = step};
  tl::kernels::DropoutMask in_memory{.p = 0.4, .seed = 9, .site = 2, .step = 1, .step_memory = &step};
  const auto factors = [](const tl::kernels::DropoutMask& mask) {
    std::vector<float> out(300);
    tl::cpu::dropout_factors(mask, 6, 300, out.data());
    return out;
  };
  CHECK(factors(in_memory) == factors(by_value));
  CHECK(factors(in_memory.resolved()) == factors(by_value));
  step = by_value.step = 8;
  CHECK(factors(in_memory) == factors(by_value));
}
