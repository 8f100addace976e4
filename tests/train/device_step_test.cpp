// A run on a GPU: the CPU's bits with accumulation, clipping, frozen parts, groups, a schedule that changes and an
// optimizer of the user's; the late sentence about a loss or norm that is not finite; and what a step asks of the
// device: nothing that waits, one copy, few fills, no memory.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tl/kernels/add.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/trainer.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"
#include "train/device_runs.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// p -= rate * clip * gradient, by a kernel of the library, so that it works on every device.
class KernelSgd : public Optimizer<float> {
 public:
  KernelSgd(ParameterSpace<float>& parameters, double rate) : Optimizer(parameters), rate_(rate) {}
  std::string name() const override { return "KernelSgd"; }

 protected:
  void do_step(const OptimizerStep& update) override {
    Tensor<float> values = parameters().values();
    const Tensor<float> gradients = parameters().raw_gradients();
    kernels::run(values.device(),
                 kernels::Add<float>{.a = values.data(),
                                     .b = gradients.data(),
                                     .y = values.data(),
                                     .n = gradients.elements(),
                                     .alpha = static_cast<float>(-update.schedule(rate_) * update.gradient_scale)});
  }

 private:
  double rate_;
};

/// The loss times a factor that is not finite in one call.
ComputeLoss poisoned(int call, float factor) {
  return [=, calls = std::make_shared<int>(0)](const ModelOutput& output, const Batch& batch) {
    const Variable<float> loss = classification_loss(output, batch);
    const float now = ++*calls == call ? factor : 1.0F;
    return ops::multiply(loss, Variable<float>(Tensor<float>::full(loss.shape(), now, loss.device())));
  };
}

}  // namespace

TEST_CASE(
    "device step: a run has the CPU's bits, with accumulation, clipping, frozen parts and groups, in both precisions") {
  for (const bool bf16 : {false, true})
    for (const std::int64_t group : {1, 3})
      for (const char* const freeze : {"", "distilbert.embeddings,*.layer.0"}) {
        INFO(group << " micro-batches, frozen: " << freeze << (bf16 ? ", bf16" : ""));
        DeviceRun run;
        run.args.bf16 = bf16;
        run.args.gradient_accumulation_steps = group;
        run.args.max_grad_norm = group == 1 ? 0.05 : 0.0;
        run.freeze = freeze;
        const auto expected = run.on_cpu();
        const LockedDevice device;
        CHECK(run.on_gpu() == expected);
      }
  DeviceRun run;
  run.args.head_learning_rate = 3e-3;
  run.args.layerwise_lr_decay = 0.7;
  run.args.warmup_steps = 3;
  run.args.label_smoothing_factor = 0.1;
  const auto expected = run.on_cpu();
  const LockedDevice device;
  CHECK(run.on_gpu() == expected);
}

TEST_CASE("device step: a run has the CPU's bits with weights of classes, whose losses are means over a group") {
  DeviceRun run;
  run.args.class_weights = "1,2.5,0.5";
  run.args.gradient_accumulation_steps = 2;
  const auto expected = run.on_cpu();
  const LockedDevice device;
  CHECK(run.on_gpu() == expected);
}

TEST_CASE("device step: schedules that follow evaluations, or that a callback changes, are followed at once") {
  DeviceRun plateau;
  plateau.args.lr_scheduler_type = "reduce_lr_on_plateau";
  plateau.args.lr_scheduler_kwargs = {{"patience", std::int64_t{0}}, {"threshold", 10.0}, {"factor", 0.5}};
  plateau.args.eval_strategy = "steps";
  plateau.args.eval_steps = 2;
  plateau.options.eval_dataset = device_rows(6);
  const auto expected = plateau.on_cpu();

  const auto rate = std::make_shared<double>(1.0);
  class Changes : public TrainerCallback {
   public:
    explicit Changes(std::shared_ptr<double> rate) : rate_(std::move(rate)) {}
    void on_step_end(const TrainerEvent& event) override { *rate_ = event.state.global_step < 4 ? 1.0 : 0.25; }

   private:
    std::shared_ptr<double> rate_;
  };
  DeviceRun changed;
  changed.options.lr_scheduler = lambda_schedule([rate](std::int64_t step) {
    if (step > 9) throw std::runtime_error("no rate was asked for so early");
    return *rate;
  });
  changed.options.callbacks = {std::make_shared<Changes>(rate)};
  changed.args.max_steps = 8;
  const auto also = changed.on_cpu();
  *rate = 1.0;

  const LockedDevice device;
  CHECK(plateau.on_gpu() == expected);
  CHECK(changed.on_gpu() == also);
}

TEST_CASE("device step: an optimizer of a user's own gets the clipping factor of its update") {
  DeviceRun run;
  run.args.max_grad_norm = 0.05;
  run.options.optimizer = [](ParameterSpace<float>& parameters, const OptimizerOptions& options) {
    return std::make_unique<KernelSgd>(parameters, options.learning_rate);
  };
  const auto expected = run.on_cpu();
  const LockedDevice device;
  CHECK(run.on_gpu() == expected);
}

TEST_CASE("device step: the late sentence names step and rows of the first loss that was not finite") {
  DeviceRun run;
  run.args.gradient_accumulation_steps = 2;
  run.args.logging_steps = 100;
  const auto sentence = [&](bool gpu) {
    DeviceRun poisoned_run = run;
    poisoned_run.args.lr_scheduler_type = "constant";
    poisoned_run.options.compute_loss = poisoned(6, std::numeric_limits<float>::quiet_NaN());
    return gpu ? poisoned_run.failure_on_gpu() : poisoned_run.failure_on_cpu();
  };
  const auto at_once = sentence(false);
  CHECK(at_once.sentence.starts_with("training: expected a finite loss, got nan in step 3 (epoch "));
  const LockedDevice device;
  const auto late = sentence(true);
  CHECK(late.sentence == at_once.sentence);
  CHECK(late.weights == at_once.weights);
  CHECK(late.steps > 3);
}

TEST_CASE("device step: the late sentence names step and rows of the first norm that was not finite") {
  const auto failure = [](bool gpu) {
    DeviceRun run;
    run.args.logging_steps = 100;
    run.args.lr_scheduler_type = "constant";
    run.options.compute_loss = [calls = std::make_shared<int>(0)](const ModelOutput& output, const Batch& batch) {
      const Variable<float> loss = classification_loss(output, batch);
      if (++*calls != 2) return loss;
      const auto number = [&](float value) {
        return Variable<float>(Tensor<float>::full(loss.shape(), value, loss.device()));
      };
      // 0 times a factor whose square is infinite: the value stays, its gradient does not
      const Variable<float> zero = ops::add(loss, ops::multiply(loss.detach(), number(-1.0F)));
      return ops::add(loss, ops::multiply(ops::multiply(zero, number(3e38F)), number(3e38F)));
    };
    return gpu ? run.failure_on_gpu() : run.failure_on_cpu();
  };
  const auto at_once = failure(false);
  CHECK(at_once.sentence.starts_with("training: expected finite gradients, got a norm of "));
  const LockedDevice device;
  CHECK(failure(true).sentence == at_once.sentence);
}

TEST_CASE("device step: nothing that waits, one copy, one fill and no memory for a step that does nothing else") {
  class Counter : public TrainerCallback {
   public:
    void on_step_end(const TrainerEvent&) override { counts.push_back(LockedMemory::instance().counts()); }
    std::vector<DeviceCounts> counts;
  };
  for (const std::int64_t group : {1, 2}) {
    const auto counter = std::make_shared<Counter>();
    DeviceRun run;
    run.rows = device_rows(32, 6);
    run.args.gradient_accumulation_steps = group;
    run.args.num_train_epochs = 4;
    run.args.logging_strategy = "no";
    run.options.callbacks = {counter};
    const LockedDevice device;
    run.on_gpu();
    REQUIRE(counter->counts.size() > 8);
    for (std::size_t step = counter->counts.size() / 2; step < counter->counts.size(); ++step) {
      const DeviceCounts used = counter->counts[step] - counter->counts[step - 1];
      INFO("step " << step << " of " << counter->counts.size() << ", " << group << " micro-batches, " << used.launches
                   << " launches, " << used.requests << " requests");
      CHECK(used.waits == 0);
      CHECK(used.to_device == group);
      CHECK(used.to_host == 0);
      CHECK(used.on_device == 0);
      CHECK(used.fills <= 3);
      CHECK(used.allocations == 0);
    }
  }
}
