// Runs in fp16, whose losses are scaled: on a device of the tests that takes fp16 for fp32, so that scaling by powers
// of two changes no bit, and on one that stores half. Skipped updates, the learning rates after them, what is logged,
// what a checkpoint keeps, and the sentence about gradients that never fit.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <tl/ops/multiply.hpp>
#include <tl/trainer.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"
#include "support/low_format_device.hpp"
#include "support/temporary_folder.hpp"
#include "train/device_runs.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// A GPU whose products in fp16 are those in fp32.
class WideDevice : public LockedDevice {
 public:
  WideDevice() {
    cuda_backend.multiplies_in = [](Precision) { return true; };
  }
};

/// Losses that are infinite in these calls.
ComputeLoss overflowing(std::vector<int> calls) {
  return [calls = std::move(calls), made = std::make_shared<int>(0)](const ModelOutput& output, const Batch& batch) {
    const Variable<float> loss = classification_loss(output, batch);
    ++*made;
    const bool overflow = std::ranges::find(calls, *made) != calls.end();
    const float factor = overflow ? std::numeric_limits<float>::infinity() : 1.0F;
    return ops::multiply(loss, Variable<float>(Tensor<float>::full(loss.shape(), factor, loss.device())));
  };
}

/// AdamW that leaves out these calls, as if they had never been made.
class LeavingOut : public Optimizer<float> {
 public:
  LeavingOut(ParameterSpace<float>& parameters, const OptimizerOptions& options, std::vector<std::int64_t> calls)
      : Optimizer(parameters),
        inner_(parameters, {.learning_rate = options.learning_rate, .weight_decay = options.weight_decay}),
        calls_(std::move(calls)) {}
  std::string name() const override { return "LeavingOut"; }

 protected:
  void do_step(const OptimizerStep& update) override {
    if (std::ranges::find(calls_, steps()) == calls_.end())
      inner_.step(update.schedule(inner_.options().learning_rate), update.gradient_scale);
  }

 private:
  AdamW<float> inner_;
  std::vector<std::int64_t> calls_;
};

DeviceRun scaled_run() {
  DeviceRun run;
  run.args.fp16 = true;
  run.args.max_steps = 10;
  run.args.logging_steps = 1;
  return run;
}

/// The values of a key in all entries of a log that have it.
std::vector<double> logged(const RunResult& result, const char* key) {
  std::vector<double> values;
  for (const Json& entry : result.log)
    if (entry.contains(key)) values.push_back(entry.at(key).get<double>());
  return values;
}

}  // namespace

TEST_CASE("loss scaling: without an overflow a run has the bits of the run that is not scaled") {
  const WideDevice device;
  DeviceRun run = scaled_run();
  for (const std::int64_t group : {1, 2}) {
    run.args.gradient_accumulation_steps = group;
    run.args.max_grad_norm = group == 1 ? 0.05 : 0.0;
    run.args.fp16 = true;
    const RunResult scaled = run.on_gpu();
    CHECK(logged(scaled, "tl_loss_scale") == std::vector<double>(10, 65536.0));
    CHECK(logged(scaled, "tl_skipped_updates") == std::vector<double>(10, 0.0));
    run.args.fp16 = false;
    const RunResult plain = run.on_gpu();
    CHECK(scaled.weights == plain.weights);
    CHECK(logged(scaled, "tl_loss") == logged(plain, "tl_loss"));
    CHECK(logged(scaled, "grad_norm") == logged(plain, "grad_norm"));
    CHECK(logged(plain, "tl_loss_scale").empty());
  }
}

TEST_CASE("loss scaling: updates that overflow are skipped, also by the schedule, and the scale follows GradScaler") {
  // Made by tests/reference/grad_scaler.py: torch.amp.GradScaler and a linear schedule over ten updates, of which 3, 6
  // and 7 overflow.
  const std::vector<double> scales{65536, 65536, 32768, 32768, 32768, 16384, 8192, 8192, 8192, 8192};
  const std::vector<double> rates{1.0, 0.9, 0.8, 0.8, 0.7, 0.6, 0.6, 0.6, 0.5, 0.4};
  DeviceRun expected_run;
  expected_run.args.max_steps = 10;
  expected_run.args.logging_steps = 1;
  // The schedule of the run that leaves updates out: what it has counted so far.
  expected_run.options.lr_scheduler =
      lambda_schedule([&](std::int64_t step) { return rates[static_cast<std::size_t>(step) % 10]; });
  expected_run.options.optimizer = [](ParameterSpace<float>& parameters, const OptimizerOptions& options) {
    return std::make_unique<LeavingOut>(parameters, options, std::vector<std::int64_t>{3, 6, 7});
  };
  const RunResult expected = expected_run.on_cpu();

  const WideDevice device;
  DeviceRun run = scaled_run();
  run.options.compute_loss = overflowing({3, 6, 7});
  const RunResult got = run.on_gpu();
  CHECK(got.weights == expected.weights);
  CHECK(logged(got, "tl_loss_scale") == scales);
  CHECK(logged(got, "tl_skipped_updates") == std::vector<double>{0, 0, 1, 1, 1, 2, 3, 3, 3, 3});
  const std::vector<double> learning_rates = logged(got, "learning_rate");
  REQUIRE(learning_rates.size() == rates.size());
  for (std::size_t i = 0; i < rates.size(); ++i) CHECK(learning_rates[i] == Approx(1e-3 * rates[i]));

  run.args.logging_steps = 5;  // the host then knows of skipped updates only later
  run.options.compute_loss = overflowing({3, 6, 7});
  CHECK(run.on_gpu().weights == expected.weights);
}

TEST_CASE("loss scaling: an optimizer of a user's own is not called for an update that is skipped") {
  class Counts : public Optimizer<float> {
   public:
    Counts(ParameterSpace<float>& parameters, std::shared_ptr<int> calls)
        : Optimizer(parameters), calls_(std::move(calls)) {}
    std::string name() const override { return "Counts"; }

   protected:
    void do_step(const OptimizerStep&) override { ++*calls_; }

   private:
    std::shared_ptr<int> calls_;
  };
  const WideDevice device;
  const auto calls = std::make_shared<int>(0);
  DeviceRun run = scaled_run();
  run.options.compute_loss = overflowing({1, 4, 10});
  run.options.optimizer = [calls](ParameterSpace<float>& parameters, const OptimizerOptions&) {
    return std::make_unique<Counts>(parameters, calls);
  };
  CHECK(logged(run.on_gpu(), "tl_skipped_updates").back() == 3.0);
  CHECK(*calls == 7);
}

TEST_CASE("loss scaling: a resumed run has the scale, the schedule and the bits of one that was not interrupted") {
  const WideDevice device;
  const auto weights_of = [](const std::filesystem::path& folder, std::vector<int> overflows, bool resumes) {
    auto model = DistilBertForSequenceClassification::from_pretrained(reference_file("pipeline"));
    DeviceRun run = scaled_run();
    run.args.output_dir = (folder / "out").string();
    run.args.save_strategy = "steps";
    run.args.save_steps = 5;
    run.options.train_dataset = run.rows;
    run.options.compute_loss = overflowing(std::move(overflows));
    run.options.console = silent_console();
    Trainer trainer(model, run.args, run.options);
    trainer.train(resumes ? ResumeFrom((folder / "out/checkpoint-5").string()) : ResumeFrom());
    CHECK(trainer.state().log_history.at(9).at("tl_skipped_updates") == 3);
    return model.parameters().values().to_vector();
  };
  const TemporaryFolder folder;
  const auto expected = weights_of(folder.path(), {2, 5, 7}, false);
  const Json progress = read_json(folder / "out/checkpoint-5/progress.json");
  CHECK(progress.at("skipped_updates") == 2);
  CHECK(progress.at("loss_scale") == 16384.0);
  CHECK(weights_of(folder.path(), {2}, true) == expected);
}

TEST_CASE("loss scaling: gradients that fit no scale end the run with step and rows") {
  const WideDevice device;
  DeviceRun run = scaled_run();
  run.args.max_steps = 40;
  run.args.num_train_epochs = 10;
  run.args.logging_steps = 100;
  std::vector<int> all(100);
  std::iota(all.begin(), all.end(), 3);
  run.options.compute_loss = overflowing(all);
  const RunFailure failure = run.failure_on_gpu();
  // 65536 halved 30 times is below 1/8192: the updates 3 to 32.
  CHECK(failure.sentence.starts_with(
      "training: expected gradients that fit into half, they are not finite even with a scale of the loss of "
      "0.00012207 in step 32 (epoch "));
  CHECK(failure.sentence.find("; the last micro-batch had ") != std::string::npos);
}

TEST_CASE("loss scaling: fp16 needs a GPU that multiplies in half") {
  DeviceRun run = scaled_run();
  TL_REQUIRE_ERROR(run.on_cpu(), "fp16: expected false, got true: there is no fp16 training on the CPU");
  const LockedDevice device;
  TL_REQUIRE_ERROR(run.on_cpu(), "fp16: expected false, got true: there is no fp16 training on the CPU");
  TL_REQUIRE_ERROR(run.on_gpu(), "f16: expected f32 or bf16 on cuda:0, which does not multiply in half, got f16");
}

TEST_CASE("loss scaling: a run that stores half stays near the one in fp32") {
  DeviceRun plain;
  plain.args.logging_steps = 1;
  plain.args.max_steps = 10;
  const RunResult expected = plain.on_cpu();
  const LowFormatDevice device;
  const RunResult got = scaled_run().on_gpu();
  CHECK(got.weights != expected.weights);
  const std::vector<double> losses = logged(got, "tl_loss"), near = logged(expected, "tl_loss");
  REQUIRE(losses.size() == near.size());
  CHECK(losses[0] == Approx(near[0]).margin(2e-3));  // the weights are still the same
  for (std::size_t i = 1; i < losses.size(); ++i) CHECK(losses[i] == Approx(near[i]).margin(5e-2));
  CHECK(logged(got, "tl_skipped_updates").back() == 0.0);
}
