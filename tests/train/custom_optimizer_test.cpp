// A custom optimizer in the Trainer: SGD with momentum. It trains with the rates of groups, goes on from a
// checkpoint bit for bit, and what cannot be right is one sentence.
#include <cmath>

#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

class Sgd : public Optimizer<float> {
 public:
  Sgd(ParameterSpace<float>& parameters, const OptimizerOptions& options, float momentum)
      : Optimizer(parameters),
        rate_(options.learning_rate),
        momentum_(momentum),
        ranges_(group_ranges(parameters, options.groups, options.weight_decay)),
        velocity_(zeros()) {}

  std::string name() const override { return "SGD"; }
  std::vector<OptimizerBuffer<float>> buffers() override { return {{"momentum_buffer", velocity_}}; }
  std::map<std::string, double> state() const override { return {{"largest_rate", largest_rate}}; }
  void load_state(const std::map<std::string, double>& state) override { largest_rate = state.at("largest_rate"); }

  double largest_rate = 0.0;

 protected:
  void do_step(const OptimizerStep& update) override {
    Tensor<float> values = parameters().values();
    for (const ParameterRange& range : ranges_) {
      const double rate = update.schedule(range.learning_rate.value_or(rate_));
      largest_rate = std::max(largest_rate, rate);
      for (std::int64_t i = range.begin; i < range.end; ++i) {
        float& weight = values.data()[i];
        float& velocity = velocity_.data()[i];
        velocity = momentum_ * velocity +
                   parameters().raw_gradients().data()[i] * static_cast<float>(update.gradient_scale) +
                   static_cast<float>(range.weight_decay) * weight;
        weight -= static_cast<float>(rate) * velocity;
      }
    }
  }

 private:
  double rate_;
  float momentum_;
  std::vector<ParameterRange> ranges_;
  Tensor<float> velocity_;
};

OptimizerFactory sgd(float momentum, Sgd** made = nullptr) {
  return [=](ParameterSpace<float>& parameters, const OptimizerOptions& options) {
    auto optimizer = std::make_unique<Sgd>(parameters, options, momentum);
    if (made) *made = optimizer.get();
    return optimizer;
  };
}

const TrainingArguments base_args{.num_train_epochs = 2,
                                  .per_device_train_batch_size = 4,
                                  .learning_rate = 0.5,
                                  .weight_decay = 0.01,
                                  .warmup_ratio = 0.2,
                                  .save_strategy = "steps",
                                  .logging_steps = 1,
                                  .gradient_accumulation_steps = 2,
                                  .save_steps = 3};

struct Run {
  std::vector<float> weights;
  double loss = 0.0;
};

Run train(const std::filesystem::path& folder, const OptimizerFactory& optimizer, const ResumeFrom& from = {},
          TrainingArguments args = base_args) {
  args.output_dir = folder.string();
  ToyModel model(0.2, from.path() ? 5 : 1);
  Trainer trainer(model, args, {.train_dataset = toy_rows(29), .optimizer = optimizer, .console = silent_console()});
  const TrainOutput output = trainer.train(from);
  return {model.values(), output.training_loss};
}

}  // namespace

TEST_CASE("custom optimizer: SGD with momentum trains and goes on from every checkpoint bit for bit") {
  const TemporaryFolder folder;
  const Run whole = train(folder / "out", sgd(0.9F));
  CHECK(whole.loss < std::log(2.0));
  const auto checkpoints = tl::detail::sorted_checkpoints(folder / "out");
  REQUIRE(checkpoints.size() == 3);
  for (const auto& checkpoint : checkpoints) {
    Sgd* made = nullptr;
    TrainingArguments unsaved = base_args;
    unsaved.save_strategy = "no";
    const Run resumed = train(folder / "resumed", sgd(0.9F, &made), checkpoint, unsaved);
    CHECK(resumed.weights == whole.weights);
    CHECK(resumed.loss == whole.loss);
  }
  const SafetensorsReader file(folder / "out/checkpoint-3/optimizer.safetensors");
  CHECK(file.metadata().at("optimizer") == "SGD");
  CHECK(file.find("embedding.weight.momentum_buffer") != nullptr);
  CHECK(file.find("__state__.largest_rate") != nullptr);
}

TEST_CASE("custom optimizer: one step without momentum is weight - rate * gradient, by group") {
  const TemporaryFolder folder;
  ToyModel model;
  const std::vector<float> before = model.values();
  std::vector<float> gradients;
  class Keep : public TrainerCallback {
   public:
    Keep(ToyModel& model, std::vector<float>& gradients) : model_(model), gradients_(gradients) {}
    void on_pre_optimizer_step(const TrainerEvent&) override {
      gradients_ = model_.parameters().raw_gradients().to_vector();
    }

   private:
    ToyModel& model_;
    std::vector<float>& gradients_;
  };
  Trainer trainer(model,
                  {.output_dir = folder.path().string(),
                   .per_device_train_batch_size = 8,
                   .learning_rate = 0.25,
                   .save_strategy = "no",
                   .max_steps = 1,
                   .max_grad_norm = 0.0,
                   .lr_scheduler_type = "constant"},
                  {.train_dataset = toy_rows(8),
                   .callbacks = {std::make_shared<Keep>(model, gradients)},
                   .optimizer = sgd(0.0F),
                   .parameter_groups = {{.patterns = "output.bias", .learning_rate = 2.0}},
                   .console = silent_console()});
  trainer.train();
  const auto& bias = model.parameters().at("output.bias");
  const std::int64_t begin = bias.value().data() - model.parameters().values().data();
  const std::vector<float> after = model.values();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool of_bias = static_cast<std::int64_t>(i) >= begin && static_cast<std::int64_t>(i) < begin + 2;
    CHECK(after[i] == before[i] - (of_bias ? 2.0F : 0.25F) * gradients[i]);
  }
  CHECK(after != before);
}

TEST_CASE("custom optimizer: a checkpoint of another optimizer is refused") {
  const TemporaryFolder folder;
  train(folder / "sgd", sgd(0.9F));
  train(folder / "adamw", {});
  TL_REQUIRE_ERROR(train(folder / "sgd", {}, folder / "sgd/checkpoint-3"),
                   "cannot resume from " + (folder / "sgd/checkpoint-3").string() +
                       ": expected the optimizer that wrote it, SGD, got AdamW");
  TL_REQUIRE_ERROR(train(folder / "adamw", sgd(0.9F), folder / "adamw/checkpoint-3"),
                   "expected the optimizer that wrote it, AdamW, got SGD");
}

TEST_CASE("custom optimizer: what cannot be right is one sentence") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(train(folder.path(), [](auto&, const auto&) { return nullptr; }),
                   "optimizer: expected a function that makes an optimizer, it gave a null pointer");
  class Short : public Optimizer<float> {
   public:
    using Optimizer::Optimizer;
    std::string name() const override { return "Short"; }
    std::vector<OptimizerBuffer<float>> buffers() override { return {{"sum", Tensor<float>::zeros({3})}}; }

   private:
    void do_step(const OptimizerStep&) override {}
  };
  TL_REQUIRE_ERROR(
      train(folder.path(), [](auto& parameters, const auto&) { return std::make_unique<Short>(parameters); }),
      "optimizer Short: expected the buffer sum to have the shape [");
  ToyModel model;
  Sgd optimizer(model.parameters(), {.learning_rate = 0.1}, 0.9F);
  model.parameters().freeze("embedding");
  TL_REQUIRE_ERROR((optimizer.step({[](double rate) { return rate; }, 1.0}), 0),
                   "SGD: expected the parameters where they were when this optimizer was made");
  const auto endless = [](auto& parameters, const auto& options) {
    auto made = std::make_unique<Sgd>(parameters, options, 0.0F);
    made->largest_rate = std::numeric_limits<double>::infinity();
    return made;
  };
  TL_REQUIRE_ERROR(train(folder / "state", endless),
                   "optimizer SGD: expected finite numbers in its state, got inf for largest_rate");
}
