// The Trainer with a custom model: order of events, accumulation, evaluation, checkpoints, best model, early stop,
// result files, and every sentence about impossible input.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include <tl/models/distilbert.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;
using Strings = std::vector<std::string>;

namespace {

TrainerOptions quiet(std::shared_ptr<TrainerCallback> callback = nullptr) {
  TrainerOptions options{.train_dataset = toy_rows(20), .eval_dataset = toy_rows(9, 5), .console = silent_console()};
  options.compute_metrics = [](const EvalPrediction& p) { return Metrics{{"accuracy", accuracy(p)}, {"f1", f1(p)}}; };
  if (callback) options.callbacks.push_back(std::move(callback));
  return options;
}

// Metric values that a test chooses, one per evaluation.
TrainerOptions scripted(std::vector<double> values, std::shared_ptr<TrainerCallback> callback = nullptr) {
  TrainerOptions options = quiet(std::move(callback));
  auto next = std::make_shared<std::size_t>(0);
  options.compute_metrics = [=](const EvalPrediction&) {
    return Metrics{{"score", values.at(std::min((*next)++, values.size() - 1))}};
  };
  return options;
}

TrainingArguments in(const TemporaryFolder& folder, TrainingArguments args = {}) {
  args.output_dir = (folder / "out").string();
  return args;
}

}  // namespace

TEST_CASE("trainer: events of a short run come in the reference's order") {
  const TemporaryFolder folder;
  ToyModel model;
  const auto recorder = std::make_shared<Recorder>();
  Trainer trainer(model,
                  in(folder, {.num_train_epochs = 1,
                              .eval_strategy = "epoch",
                              .save_strategy = "epoch",
                              .logging_steps = 1,
                              .gradient_accumulation_steps = 2}),
                  quiet(recorder));
  const TrainOutput output = trainer.train();
  const Strings step{"step_begin", "substep_end", "pre_optimizer_step", "optimizer_step", "step_end", "log"};
  Strings expected{"init_end", "train_begin", "epoch_begin"};
  expected.insert(expected.end(), step.begin(), step.end());
  // the last group has one micro-batch only; then log -> evaluate -> save at the end of the epoch
  for (const char* event : {"step_begin", "pre_optimizer_step", "optimizer_step", "step_end", "log", "epoch_end",
                            "prediction_step", "prediction_step", "log", "evaluate", "save", "log", "train_end"})
    expected.emplace_back(event);
  CHECK(recorder->events == expected);
  CHECK(output.global_step == 2);
  CHECK(names_in(folder / "out") == std::set<std::string>{"checkpoint-2"});
  CHECK(names_in(folder / "out/checkpoint-2") ==
        std::set<std::string>{"checksums.xxh64", "model.safetensors", "optimizer.safetensors", "progress.json",
                              "rng.json", "scheduler.json", "trainer_state.json", "training_args.json"});
  CHECK(recorder->learning_rates == std::vector<double>{5e-5, 2.5e-5});
}

TEST_CASE("trainer: log entries have the reference's keys in its order") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(
      model, in(folder, {.num_train_epochs = 1, .eval_strategy = "epoch", .save_strategy = "no", .logging_steps = 2}),
      quiet());
  const TrainOutput output = trainer.train();
  const auto keys = [](const Json& entry) {
    Strings names;
    for (const auto& [key, value] : entry.items()) names.push_back(key);
    return names;
  };
  const auto& history = trainer.state().log_history;
  REQUIRE(history.size() == 3);
  CHECK(keys(history[0]) == Strings{"loss", "grad_norm", "learning_rate", "tl_loss", "epoch", "step"});
  CHECK(keys(history[1]) == Strings{"eval_loss", "eval_accuracy", "eval_f1", "eval_runtime", "eval_samples_per_second",
                                    "eval_steps_per_second", "epoch", "step"});
  CHECK(keys(history[2]) == Strings{"train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos",
                                    "train_loss", "epoch", "step"});
  CHECK(history[0].at("loss") == tl::detail::rounded(history[0].at("tl_loss").get<double>(), 4));
  CHECK(history[0].at("epoch") == 2.0 / 3.0);
  CHECK(history[2].at("epoch") == 1.0);
  CHECK(output.metrics.at("train_loss") == output.training_loss);
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
}

TEST_CASE("trainer: accumulated micro-batches are one large batch") {
  const TemporaryFolder folder;
  const auto train = [&](std::int64_t batch, std::int64_t accumulation) {
    ToyModel model;
    TrainerOptions options = quiet();
    options.train_dataset = toy_rows(16);
    Trainer trainer(model,
                    in(folder, {.per_device_train_batch_size = batch,
                                .learning_rate = 1e-2,
                                .save_strategy = "no",
                                .gradient_accumulation_steps = accumulation}),
                    options);
    trainer.train();
    return model.values();
  };
  const auto whole = train(8, 1), pieces = train(2, 4);
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(std::abs(whole[i] - pieces[i]) < 1e-5F);
}

TEST_CASE("trainer: in bf16 packed weights never outlive an update") {
  // A model that looks for itself: weights that changed since they were packed would give other logits.
  struct Checked : ToyModel {
    ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const override {
      ModelOutput output = ToyModel::forward(batch, context);
      const NoGradGuard no_grad;
      nn::ForwardContext fresh = context;
      fresh.packed_weights = std::make_shared<PackedWeightCache>();
      if (ToyModel::forward(batch, fresh).logits.value().to_vector() != output.logits.value().to_vector()) ++stale;
      return output;
    }
    mutable int stale = 0;
  };
  const TemporaryFolder folder;
  Checked model;
  Trainer trainer(model,
                  in(folder, {.num_train_epochs = 3,
                              .per_device_train_batch_size = 3,
                              .per_device_eval_batch_size = 2,
                              .learning_rate = 0.1,
                              .eval_strategy = "steps",
                              .save_strategy = "no",
                              .bf16 = true,
                              .gradient_accumulation_steps = 2,
                              .eval_steps = 1}),
                  quiet());
  const std::vector<float> before = model.values();
  trainer.train();
  CHECK(model.values() != before);
  CHECK(model.stale == 0);
}

TEST_CASE("trainer: it learns, and leaves the model in the mode it was in") {
  const TemporaryFolder folder;
  ToyModel model(0.1);
  TrainerOptions options = quiet();
  options.train_dataset = toy_rows(200);
  options.eval_dataset = toy_rows(100, 9);
  Trainer trainer(model, in(folder, {.num_train_epochs = 12, .learning_rate = 5e-2, .save_strategy = "no"}), options);
  const double before = trainer.evaluate().at("eval_accuracy").get<double>();
  CHECK_FALSE(trainer.state().log_history.back().contains("epoch"));  // nothing was trained yet
  trainer.train();
  CHECK_FALSE(model.training());
  const Json after = trainer.evaluate();
  INFO("accuracy " << before << " -> " << after.at("eval_accuracy"));
  CHECK(after.at("eval_accuracy").get<double>() > 0.9);
  CHECK(after.at("epoch") == 12.0);
  model.train(true);
  trainer.evaluate();
  CHECK(model.training());
}

TEST_CASE("trainer: evaluate and predict give results in the order of the rows") {
  const TemporaryFolder folder;
  ToyModel model;
  const Dataset rows = toy_rows(9, 5);
  Trainer trainer(model, in(folder, {.per_device_eval_batch_size = 4, .group_by_length = true}), quiet());
  const PredictionOutput all = trainer.predict(rows);
  CHECK(all.predictions.shape() == Shape{9, 2});
  CHECK(all.label_ids.to_vector() == rows.column<std::int64_t>("label").to_vector());
  CHECK(all.metrics.contains("test_accuracy"));
  const PredictionOutput one = trainer.predict(rows.slice(6, 7));
  CHECK(one.predictions.at({0, 0}) == Approx(all.predictions.at({6, 0})).epsilon(1e-6));
  double loss = 0.0;
  for (std::int64_t row = 0; row < 9; ++row) {
    const double a = all.predictions.at({row, 0}), b = all.predictions.at({row, 1});
    const double label = all.label_ids.data()[row] == 0 ? a : b;
    loss += std::log(std::exp(a) + std::exp(b)) - label;
  }
  CHECK(all.metrics.at("test_loss").get<double>() == Approx(loss / 9).epsilon(1e-5));
  CHECK(trainer.state().log_history.empty());

  const PredictionOutput unlabelled = trainer.predict(rows.select_columns({"input_ids"}), "new");
  CHECK(unlabelled.predictions.shape() == Shape{9, 2});
  CHECK_FALSE(unlabelled.label_ids.defined());
  CHECK_FALSE(unlabelled.metrics.contains("new_loss"));
  CHECK(unlabelled.metrics.contains("new_runtime"));
}

TEST_CASE("trainer: prediction_loss_only and drop_last in evaluations") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer loss_only(model, in(folder, {.prediction_loss_only = true}), quiet());
  const Json metrics = loss_only.evaluate();
  CHECK(metrics.contains("eval_loss"));
  CHECK_FALSE(metrics.contains("eval_accuracy"));
  Trainer without_metrics(model, in(folder), {.console = silent_console()});
  CHECK(without_metrics.predict(toy_rows(9), "eval").predictions.shape() == Shape{9, 2});
  Trainer dropping(model, in(folder, {.dataloader_drop_last = true}), quiet());
  CHECK(dropping.predict(toy_rows(9)).predictions.shape() == Shape{8, 2});
}

TEST_CASE("trainer: save_total_limit keeps the best and the newest checkpoints") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model,
                  in(folder, {.num_train_epochs = 5,
                              .eval_strategy = "epoch",
                              .save_strategy = "epoch",
                              .load_best_model_at_end = true,
                              .metric_for_best_model = "score",
                              .save_total_limit = 2}),
                  scripted({0.1, 0.9, 0.2, 0.3, 0.9}));
  trainer.train();
  CHECK(names_in(folder / "out") == std::set<std::string>{"checkpoint-6", "checkpoint-15"});
  CHECK(trainer.state().best_global_step == 6);
  CHECK(trainer.state().best_metric == 0.9);
  const SafetensorsReader best(folder / "out/checkpoint-6/model.safetensors");
  for (const auto& part : model.parameters().named()) {
    std::vector<float> stored(static_cast<std::size_t>(part.shape().elements()));
    read_floats(best.at(part.name), stored);
    CHECK(part.value().to_vector() == stored);
  }
}

TEST_CASE("trainer: with save_total_limit 1 only the best checkpoint is left in the end") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model,
                  in(folder, {.num_train_epochs = 4,
                              .eval_strategy = "epoch",
                              .save_strategy = "epoch",
                              .load_best_model_at_end = true,
                              .metric_for_best_model = "score",
                              .save_total_limit = 1,
                              .greater_is_better = false}),
                  scripted({0.5, 0.1, 0.2, 0.3}));
  trainer.train();
  CHECK(names_in(folder / "out") == std::set<std::string>{"checkpoint-6"});
}

TEST_CASE("trainer: save_strategy best saves improvements only, and NaN is never the best") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model,
                  in(folder, {.num_train_epochs = 5,
                              .eval_strategy = "epoch",
                              .save_strategy = "best",
                              .metric_for_best_model = "eval_score"}),
                  scripted({std::nan(""), 0.5, 0.5, 0.7, 0.6}));
  trainer.train();
  CHECK(names_in(folder / "out") == std::set<std::string>{"checkpoint-6", "checkpoint-12"});
  CHECK(trainer.state().best_metric == 0.7);
  CHECK(trainer.state().best_global_step == 12);
}

TEST_CASE("trainer: early stopping") {
  const TemporaryFolder folder;
  ToyModel model;
  const TrainingArguments args{
      .num_train_epochs = 9, .eval_strategy = "epoch", .save_strategy = "no", .metric_for_best_model = "score"};
  const auto stop = std::make_shared<EarlyStoppingCallback>(2);
  Trainer trainer(model, in(folder, args), scripted({0.1, 0.5, 0.4, 0.6, 0.5, 0.6, 0.9}, stop));
  CHECK(trainer.train().global_step == 6 * 3);
  CHECK(stop->counter() == 2);
  const auto strict = std::make_shared<EarlyStoppingCallback>(1, 0.2);
  Trainer second(model, in(folder, args), scripted({0.1, 0.5, 0.6, 0.9}, strict));
  CHECK(second.train().global_step == 3 * 3);  // 0.6 is better than 0.5, but not by more than 0.2
}

TEST_CASE("trainer: early stopping and best metric name what they need") {
  const TemporaryFolder folder;
  ToyModel model;
  const auto stop = std::make_shared<EarlyStoppingCallback>();
  Trainer no_metric(model, in(folder, {.eval_strategy = "epoch", .save_strategy = "no"}), quiet(stop));
  TL_REQUIRE_ERROR(no_metric.train(), "EarlyStoppingCallback: expected metric_for_best_model to be set");
  Trainer no_eval(model, in(folder, {.save_strategy = "no", .metric_for_best_model = "loss"}), quiet(stop));
  TL_REQUIRE_ERROR(no_eval.train(), "EarlyStoppingCallback: expected an eval_strategy of steps or epoch, got no");
  TL_REQUIRE_ERROR(EarlyStoppingCallback(0), "expected a patience of at least 1, got 0");
  TL_REQUIRE_ERROR(EarlyStoppingCallback(1, -1), "expected a threshold >= 0, got -1");
  Trainer unknown(model,
                  in(folder, {.eval_strategy = "epoch", .save_strategy = "no", .metric_for_best_model = "acuracy"}),
                  quiet());
  TL_REQUIRE_ERROR(unknown.train(),
                   "metric_for_best_model: expected a metric of the evaluation, got eval_acuracy; there are: "
                   "eval_loss, eval_accuracy, eval_f1, ");
}

TEST_CASE("trainer: callbacks can stop an epoch, the run, or ask for a checkpoint") {
  class Director : public TrainerCallback {
   public:
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 2) event.control.should_epoch_stop = true;
      if (event.state.global_step == 3) event.control.should_save = event.control.should_log = true;
      if (event.state.global_step == 4) event.control.should_training_stop = true;
    }
  };
  const TemporaryFolder folder;
  ToyModel model;
  const auto recorder = std::make_shared<Recorder>();
  TrainerOptions options = quiet(recorder);
  options.callbacks.push_back(std::make_shared<Director>());
  Trainer trainer(model, in(folder, {.num_train_epochs = 9, .save_strategy = "no"}), options);
  CHECK(trainer.train().global_step == 4);
  CHECK(std::count(recorder->events.begin(), recorder->events.end(), "epoch_begin") == 2);
  CHECK(names_in(folder / "out") == std::set<std::string>{"checkpoint-3"});
  CHECK(trainer.state().log_history.size() == 2);
  TL_REQUIRE_ERROR(trainer.add_callback(nullptr), "Trainer: expected a callback, got a null pointer");
}

TEST_CASE("trainer: eval_on_start, eval_delay, logging_first_step, shares of the steps") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model,
                  in(folder, {.num_train_epochs = 3,
                              .eval_strategy = "steps",
                              .save_strategy = "no",
                              .logging_steps = 0.5,
                              .eval_steps = 0.2,
                              .eval_delay = 4,
                              .eval_on_start = true,
                              .logging_first_step = true}),
                  quiet());
  trainer.train();
  std::vector<std::int64_t> evaluated, logged;
  for (const auto& entry : trainer.state().log_history) {
    if (entry.contains("eval_loss")) evaluated.push_back(entry.at("step").get<std::int64_t>());
    if (entry.contains("loss")) logged.push_back(entry.at("step").get<std::int64_t>());
  }
  CHECK(evaluated == std::vector<std::int64_t>{0, 4, 6, 8});  // every 2 of 9 steps, from step 4 on, and at the start
  CHECK(logged == std::vector<std::int64_t>{1, 5});
  CHECK(trainer.state().eval_steps == 2);
}

TEST_CASE("trainer: result files in the known form") {
  const TemporaryFolder folder;
  ToyModel model;
  std::string shown;
  TrainerOptions options = quiet();
  options.console = std::make_shared<Console>([&](std::string_view text) { shown += text; });
  Trainer trainer(model, in(folder, {.num_train_epochs = 1, .save_strategy = "no"}), options);
  const TrainOutput output = trainer.train();
  shown.clear();
  trainer.log_metrics(
      "train", {{"train_runtime", 3725.5}, {"epoch", 1.0}, {"total_flos", 5368709120.0}, {"train_loss", 0.12345}});
  CHECK(shown ==
        "***** train metrics *****\n"
        "  epoch         =        1.0\n"
        "  total_flos    =        5GF\n"
        "  train_loss    =     0.1235\n"
        "  train_runtime = 1:02:05.50\n");
  trainer.save_metrics("train", {{"train_loss", 0.5}, {"epoch", 1.0}});
  trainer.save_metrics("eval", {{"eval_loss", 0.25}, {"epoch", 1.0}});
  trainer.save_metrics("extra", {{"x", 1}}, false);
  trainer.save_state();
  trainer.save_model();
  CHECK(read_text(folder / "out/train_results.json") == "{\n    \"epoch\": 1.0,\n    \"train_loss\": 0.5\n}");
  CHECK(read_json(folder / "out/all_results.json") == Json({{"epoch", 1.0}, {"eval_loss", 0.25}, {"train_loss", 0.5}}));
  CHECK(names_in(folder / "out") == std::set<std::string>{"all_results.json", "eval_results.json", "extra_results.json",
                                                          "model.safetensors", "train_results.json",
                                                          "trainer_state.json", "training_args.json"});
  CHECK(read_json(folder / "out/trainer_state.json").at("global_step") == output.global_step);
  CHECK(read_json(folder / "out/training_args.json").at("num_train_epochs") == 1.0);
  trainer.save_model(folder / "final");
  CHECK(names_in(folder / "final") == std::set<std::string>{"model.safetensors", "training_args.json"});
}

TEST_CASE("trainer: NaN ends the run with a sentence that names step and rows") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model, in(folder, {.num_train_epochs = 1, .save_strategy = "no"}), quiet());
  model.poisoned_call = 2;
  TL_REQUIRE_ERROR(trainer.train(),
                   "training: expected a finite loss, got nan in step 2 (epoch 0.333333); the micro-batch had rows ");
  CHECK_FALSE(model.training());
  model.poisoned_call = model.calls + 2;
  TL_REQUIRE_ERROR(trainer.evaluate(), "evaluation: expected a finite loss, got nan for row 8 of eval_dataset");
  class Saboteur : public TrainerCallback {
   public:
    explicit Saboteur(ToyModel& model) : model_(model) {}
    void on_substep_end(const TrainerEvent&) override {
      Tensor<float> gradients = model_.parameters().gradients();
      gradients.data()[0] = std::numeric_limits<float>::infinity();
    }

   private:
    ToyModel& model_;
  };
  Trainer second(model, in(folder, {.save_strategy = "no", .gradient_accumulation_steps = 2}),
                 quiet(std::make_shared<Saboteur>(model)));
  TL_REQUIRE_ERROR(
      second.train(),
      "training: expected finite gradients, got a norm of inf in step 1 (epoch 0); the last micro-batch had rows ");
}

TEST_CASE("trainer: weights that are not finite are not saved") {
  const TemporaryFolder folder;
  ToyModel diverged, model;
  Trainer last_step(diverged,
                    in(folder, {.learning_rate = 1e38, .save_strategy = "no", .max_steps = 1, .max_grad_norm = 0.0}),
                    quiet());
  last_step.train();  // the loss was finite, what the update made of the weights is not
  TL_REQUIRE_ERROR(last_step.save_model(), "training: expected finite weights after step 1, got ");
  Trainer trainer(model, in(folder, {.save_strategy = "no", .max_steps = 1}), quiet());
  trainer.train();
  model.parameters().at("output.weight").value().data()[3] = -std::numeric_limits<float>::quiet_NaN();
  TL_REQUIRE_ERROR(trainer.save_model(),
                   "training: expected finite weights after step 1, got nan in output.weight; "
                   "the model was not saved");
  CHECK(names_in(folder / "out").empty());
  CHECK(detail::without_sign_of_nan(-1.5) == -1.5);
}

TEST_CASE("trainer: impossible input is refused before anything is trained") {
  const TemporaryFolder folder;
  ToyModel model;
  TL_REQUIRE_ERROR(Trainer(model, in(folder, {.eval_strategy = "epoch", .fp16 = true, .eval_on_start = true}),
                           {.console = silent_console()}),
                   "Trainer: 3 problems: fp16: expected false");
  TL_REQUIRE_ERROR(Trainer(model, in(folder, {.eval_strategy = "epoch"}), {.console = silent_console()}),
                   "Trainer: 1 problem: eval_dataset: expected a data set because eval_strategy is epoch, got none");
  TL_REQUIRE_ERROR(Trainer(model, in(folder, {.eval_strategy = "epochs", .push_to_hub = true}), quiet()),
                   "Trainer: 2 problems: push_to_hub: expected false");
  const auto trainer_for = [&](const char* metric, bool loss_only, bool compute) {
    TrainingArguments args =
        in(folder, {.eval_strategy = "epoch", .save_strategy = "no", .metric_for_best_model = metric});
    args.prediction_loss_only = loss_only;
    TrainerOptions options = quiet();
    if (!compute) options.compute_metrics = {};
    Trainer trainer(model, args, options);
  };
  TL_REQUIRE_ERROR(trainer_for("accuracy", false, false),
                   "Trainer: 1 problem: metric_for_best_model: expected loss because the Trainer was given no "
                   "compute_metrics, got accuracy");
  TL_REQUIRE_ERROR(trainer_for("eval_f1", true, true),
                   "metric_for_best_model: expected loss because prediction_loss_only is true, got eval_f1");
  for (const char* metric : {"loss", "eval_loss", "runtime", "eval_samples_per_second"})
    CHECK_NOTHROW(trainer_for(metric, true, false));
  CHECK_NOTHROW(trainer_for("accuracy", false, true));
  const auto train_on = [&](const Dataset& rows) {
    Trainer trainer(model, in(folder, {.save_strategy = "no"}), {.train_dataset = rows, .console = silent_console()});
    trainer.train();
  };
  TL_REQUIRE_ERROR(train_on(toy_rows(4).select_columns({"text", "label"})),
                   "train_dataset: expected a column input_ids with token ids, the columns are text, label; tokenize");
  TL_REQUIRE_ERROR(train_on(toy_rows(4).select_columns({"input_ids"})),
                   "train_dataset: expected a column label or labels, there is none");
  TrainerOptions unlabelled = quiet();
  unlabelled.eval_dataset = toy_rows(4).select_columns({"input_ids"});
  Trainer no_best(model,
                  in(folder, {.eval_strategy = "epoch", .save_strategy = "no", .metric_for_best_model = "accuracy"}),
                  unlabelled);
  TL_REQUIRE_ERROR(no_best.train(),
                   "eval_dataset: expected a column label or labels because metric_for_best_model is "
                   "accuracy, there is none");
  TL_REQUIRE_ERROR(train_on(toy_rows(4).take(0)), "train_dataset: expected at least one row, got 0");
  TL_REQUIRE_ERROR(train_on(Dataset()), "train_dataset: expected at least one row, got 0");
  TrainerOptions no_rows = quiet();
  no_rows.eval_dataset = Dataset();
  Trainer without_rows(model, in(folder, {.eval_strategy = "epoch", .save_strategy = "no"}), no_rows);
  TL_REQUIRE_ERROR(without_rows.train(), "eval_dataset: expected at least one row, got 0");
  Trainer nothing(model, in(folder), {.console = silent_console()});
  TL_REQUIRE_ERROR(nothing.train(), "train(): expected a train_dataset, the Trainer was given none");
  TL_REQUIRE_ERROR(nothing.evaluate(), "evaluate(): expected a data set, the Trainer was given no eval_dataset");
  TL_REQUIRE_ERROR(nothing.evaluate(toy_rows(0)), "eval_dataset: expected at least one row, got 0");
  TL_REQUIRE_ERROR(nothing.predict(Dataset()), "test data set: expected at least one row, got 0");
  CHECK(model.calls == 0);
}

TEST_CASE("trainer: labels of another kind of problem are refused, and predictions need none") {
  const TemporaryFolder folder;
  DistilBertConfig config = DistilBertConfig::from_pretrained(reference_file("tiny_distilbert"));
  config.problem_type = "multi_label_classification";
  DistilBertForSequenceClassification model(config);
  Trainer trainer(model, in(folder), quiet());
  const std::string refused =
      ": expected lists of numbers, of class ids or of names in column label, because problem_type is "
      "multi_label_classification, got int64";
  TL_REQUIRE_ERROR(trainer.train(), "train_dataset" + refused);
  TL_REQUIRE_ERROR(trainer.evaluate(), "eval_dataset" + refused);
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
  CHECK(trainer.predict(toy_rows(9).select_columns({"input_ids"})).predictions.shape() == Shape{9, 3});
}

TEST_CASE("trainer: rows are checked against the model's configuration before the first update") {
  const TemporaryFolder folder;
  DistilBertConfig config = DistilBertConfig::from_pretrained(reference_file("tiny_distilbert"));
  config.vocab_size = 12;
  DistilBertForSequenceClassification model(config);
  Trainer trainer(model, in(folder), quiet());
  TL_REQUIRE_ERROR(trainer.train(), ": expected token ids in [0, 12), which are those of the model, got ");
  TL_REQUIRE_ERROR(trainer.train(), "train_dataset, row ");
  TL_REQUIRE_ERROR(trainer.evaluate(), "eval_dataset, row ");
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
}

TEST_CASE("trainer: an output_dir that cannot be used is refused before training") {
  const TemporaryFolder folder;
  ToyModel model;
  write_file(folder / "out", "a file");
  Trainer trainer(model, in(folder), quiet());
  TL_REQUIRE_ERROR(trainer.train(), "output_dir: cannot make the folder " + (folder / "out").string());
  std::filesystem::remove(folder / "out");
  if (::geteuid() != 0) {
    std::filesystem::create_directory(folder / "out");
    ::chmod((folder / "out").c_str(), 0500);
    TL_REQUIRE_ERROR(trainer.train(), "output_dir: expected a folder that can be written to, got ");
  }
  // /proc is a folder that not even root can write to
  Trainer read_only(model, {.output_dir = "/proc/tl"}, quiet());
  TL_REQUIRE_ERROR(read_only.train(), "output_dir: cannot make the folder /proc/tl");
  CHECK(model.calls == 0);
}

TEST_CASE("trainer: a disk that is full ends in a sentence and leaves no half checkpoint") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model, in(folder, {.num_train_epochs = 1}), quiet());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  rlimit small = former;
  small.rlim_cur = 300;  // stands for the disk
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string sentence = error_of([&] { trainer.train(); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &former) == 0);
  std::signal(SIGXFSZ, SIG_DFL);
  CHECK(sentence.find("File too large; wanted ") != std::string::npos);
  CHECK(names_in(folder / "out").empty());
}

TEST_CASE("trainer: too little space is noticed before training") {
  const TemporaryFolder folder;
  const std::string out = (folder / "out").string();
  check_output_dir(out, 1000, "a checkpoint");
  TL_REQUIRE_ERROR(check_output_dir(out, std::numeric_limits<std::uintmax_t>::max(), "a checkpoint"),
                   "output_dir: a checkpoint needs about 17592186044416 MiB, " + out + " has ");
  CHECK(names_in(folder / "out").empty());
}

TEST_CASE("output_dir: need and room have one unit, and never read the same") {
  using Pair = std::pair<std::string, std::string>;
  CHECK(detail::need_and_room(1025, 1024) == Pair("1025 bytes", "1024 bytes"));
  CHECK(detail::need_and_room(1200000, 1199999) == Pair("1172 KiB", "1171 KiB"));
  CHECK(detail::need_and_room((20U << 20) + 1, 20U << 20) == Pair("21 MiB", "20 MiB"));
}

TEST_CASE("output_dir: what killed runs left is removed, and nothing else") {
  const TemporaryFolder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  int status = 0;
  REQUIRE(::waitpid(dead, &status, 0) == dead);
  const std::string of_dead = ".tmp-" + std::to_string(dead) + "-3", own = ".tmp-" + std::to_string(::getpid()) + "-0";
  const std::set<std::string> kept = {".model.safetensors.tmp-" + std::to_string(::getppid()) + "-0",  // may write it
                                      ".notes.tmp-x-1",
                                      ".notes.tmp-5",
                                      ".tmp-5-1",  // not of our pattern
                                      "notes" + of_dead,
                                      ".notes.partial",
                                      ".checkpoint-x.partial",
                                      ".checkpoint-7.deleted.old",
                                      ".checkpoint-5.partial",  // with a file of a user
                                      ".probe-notes1",          // is not empty
                                      "checkpoint-3"};
  const std::set<std::string> gone = {
      ".model.safetensors" + of_dead, ".model.safetensors" + own, ".checkpoint-3.partial", ".checkpoint-7.deleted",
      ".checkpoint-3.former",         ".model.partial",           ".probe-a1B2c3"};
  for (const auto& names : {kept, gone})
    for (const std::string& name : names) {
      if (name.find(".tmp-") != std::string::npos || name.starts_with(".probe")) {
        write_file(folder / name, kept.contains(name) ? "text" : "");
        continue;
      }
      std::filesystem::create_directory(folder / name);
      write_file(folder / name / "model.safetensors", "half");
      write_file(folder / name / (".config.json" + of_dead), "");
    }
  write_file(folder / ".checkpoint-5.partial/notes.txt", "of a user");
  std::filesystem::create_directory_symlink("checkpoint-3", folder / ".checkpoint-8.partial");
  {
    const AtomicFolder filled(folder / "checkpoint-9", IfExists::replace);
    check_output_dir(folder.path().string(), 1, "the model");
    CHECK(std::filesystem::exists(filled.path()));
  }
  std::filesystem::remove(folder / ".checkpoint-8.partial");
  CHECK(names_in(folder.path()) == kept);
  CHECK(names_in(folder / "checkpoint-3").size() == 2);
}

TEST_CASE("output_dir: a former checkpoint of version 0.1 whose place is empty is put back") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / ".checkpoint-3.former");
  write_file(folder / ".checkpoint-3.former/model.safetensors", "whole");
  tl::detail::tidy_output_dir(folder.path());
  CHECK(names_in(folder.path()) == std::set<std::string>{"checkpoint-3"});
}

TEST_CASE("output_dir: one run at a time, in this process and in others") {
  const TemporaryFolder folder;
  const std::string out = (folder / "out").string();
  const std::string sentence = "output_dir: another run is training in " + out + "; wait until it has ended";
  class Second : public TrainerCallback {
   public:
    explicit Second(std::function<void()> train) : train_(std::move(train)) {}
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 1) train_();
    }

   private:
    std::function<void()> train_;
  };
  ToyModel model, other;
  Trainer second(other, in(folder), quiet());
  TrainerOptions options = quiet();
  bool refused = false;
  options.callbacks.push_back(std::make_shared<Second>([&] {
    const auto calls = other.calls;
    TL_REQUIRE_ERROR(second.train(), sentence);
    CHECK(other.calls == calls);
    CHECK_NOTHROW(second.evaluate());
    CHECK_NOTHROW(second.save_metrics("eval", Json::object()));
    const pid_t child = ::fork();
    if (child == 0) {
      bool locked = false;
      try {
        const OutputLock lock(out);
      } catch (const Error&) {
        locked = true;
      }
      ::_exit(locked ? 7 : 0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    refused = WIFEXITED(status) && WEXITSTATUS(status) == 7;
  }));
  Trainer trainer(model, in(folder, {.num_train_epochs = 1}), options);
  trainer.train();
  CHECK(refused);
  second.train();  // the first has ended, though it is still there
  trainer.lock_output_dir();
  trainer.lock_output_dir();
  TL_REQUIRE_ERROR(second.train(), sentence);
  TL_REQUIRE_ERROR(second.lock_output_dir(), sentence);
  CHECK_NOTHROW(trainer.train());
  TL_REQUIRE_ERROR(second.train(), sentence);  // until the object ends
  TL_REQUIRE_ERROR(OutputLock(folder / "none"), "cannot open " + (folder / "none").string());
}

TEST_CASE("output_dir: the lock of a killed run is gone, and a file system that locks files only gets one") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const OutputLock lock(folder.path());
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  OutputLock lock(folder.path());
  CHECK(names_in(folder.path()).empty());
  const detail::FileDescriptor open = detail::open_folder(folder.path());
  CHECK(lock.lock_file_in(open.get()) == detail::LockResult::taken);
  OutputLock other(folder.path());
  CHECK(other.lock_file_in(open.get()) == detail::LockResult::held);
}

TEST_CASE("trainer: folders under the names of checkpoints that are none stay, and the run goes on") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "out/checkpoint-4");
  write_file(folder / "out/checkpoint-4/mine.txt", "mine");
  std::filesystem::create_directories(folder / "elsewhere");
  write_file(folder / "elsewhere/trainer_state.json", "{}");
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "out/checkpoint-2");
  std::filesystem::create_directories(folder / "out/checkpoint-1");  // empty, and never rotated away
  std::string shown;
  ToyModel model;
  TrainerOptions options = quiet();
  options.console = std::make_shared<Console>([&shown](std::string_view text) { shown += text; });
  Trainer trainer(model, in(folder, {.save_strategy = "steps", .max_steps = 8, .save_steps = 2, .save_total_limit = 1}),
                  options);
  trainer.train();
  CHECK(names_in(folder / "out") == std::set<std::string>{"checkpoint-1", "checkpoint-2", "checkpoint-2-beside",
                                                          "checkpoint-4", "checkpoint-4-beside", "checkpoint-8"});
  CHECK_NOTHROW(tl::detail::check_checkpoint(folder / "out/checkpoint-4-beside"));
  CHECK(names_in(folder / "out/checkpoint-4") == std::set<std::string>{"mine.txt"});
  CHECK(names_in(folder / "elsewhere") == std::set<std::string>{"trainer_state.json"});
  CHECK(shown.find("warning: " + (folder / "out/checkpoint-4").string() +
                   " is there already and is no checkpoint; it stays as it is, the checkpoint is in " +
                   (folder / "out/checkpoint-4-beside").string()) != std::string::npos);
}

TEST_CASE("trainer: a symbolic link under the name of a folder in progress leads nowhere") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "victim/sub");
  write_file(folder / "victim/precious.txt", "precious");
  write_file(folder / "victim/sub/model.safetensors", "more");
  std::filesystem::create_directories(folder / "out");
  for (const char* name : {".checkpoint-2.partial", ".checkpoint-2.deleted", ".model.partial", ".model.former"})
    std::filesystem::create_directory_symlink(folder / "victim", folder / "out" / name);
  ToyModel model;
  Trainer trainer(model, in(folder, {.save_strategy = "steps", .max_steps = 4, .save_steps = 2, .save_total_limit = 1}),
                  quiet());
  trainer.train();
  trainer.save_model();
  CHECK(names_in(folder / "victim") == std::set<std::string>{"precious.txt", "sub"});
  CHECK(names_in(folder / "victim/sub") == std::set<std::string>{"model.safetensors"});
  CHECK(std::filesystem::is_directory(std::filesystem::symlink_status(folder / "out/checkpoint-4")));
}

TEST_CASE("trainer: results and model files whose places are taken") {
  const TemporaryFolder folder;
  const auto out = folder / "out";
  std::filesystem::create_directories(out / "training_args.json");
  ToyModel model;
  Trainer trainer(model, in(folder), quiet());
  TL_REQUIRE_ERROR(trainer.save_model(),
                   "training_args.json: a folder of that name exists; what was to be written is in " +
                       (out / "model-unsaved").string());
  CHECK(names_in(out) == std::set<std::string>{"model-unsaved", "training_args.json"});
  ToyModel again(0.0, 3);
  again.load_weights(out / "model-unsaved");
  CHECK(again.values() == model.values());
  TL_REQUIRE_ERROR(check_result_places(out), "output_dir: expected a file or nothing at " +
                                                 (out / "training_args.json").string() + ", got a folder");
  std::filesystem::remove(out / "training_args.json");
  for (const char* text : {"[]", "{\"a\": ", ""}) {
    write_file(out / "all_results.json", text);
    TL_REQUIRE_ERROR(trainer.save_metrics("eval", Json::object()), "all_results.json");
    TL_REQUIRE_ERROR(check_result_places(out), "all_results.json");
    CHECK_FALSE(std::filesystem::exists(out / "eval_results.json"));
  }
  std::filesystem::remove(out / "all_results.json");
  std::filesystem::create_directory(out / "all_results.json");
  TL_REQUIRE_ERROR(trainer.save_metrics("eval", Json::object()), "all_results.json");
  CHECK_FALSE(std::filesystem::exists(out / "eval_results.json"));
}

TEST_CASE("trainer: a model without loss, a damaged results file") {
  const TemporaryFolder folder;
  ToyModel model;
  Trainer trainer(model, in(folder, {.num_train_epochs = 1}), scripted({0.5}));
  trainer.train();
  model.without_loss = true;
  TL_REQUIRE_ERROR(trainer.evaluate(), "the model gave no loss although it was given labels");
  write_file(folder / "out/all_results.json", "[]");
  TL_REQUIRE_ERROR(trainer.save_metrics("eval", Json::object()), "all_results.json: expected a JSON object, got array");
}

TEST_CASE("trainer: a model that was never initialized is not trained") {
  const TemporaryFolder folder;
  ToyModel model;
  Tensor<float> values = model.parameters().values();
  values.fill(0.0F);
  Trainer trainer(model, in(folder, {.num_train_epochs = 1}), scripted({0.5}));
  TL_REQUIRE_ERROR(trainer.train(), "cannot train a model whose 3 parameters are all zero, embedding.weight the first");
}

TEST_CASE("trainer: a custom schedule") {
  const TemporaryFolder folder;
  ToyModel model;
  const auto recorder = std::make_shared<Recorder>();
  TrainerOptions options{.train_dataset = toy_rows(16), .callbacks = {recorder}, .console = silent_console()};
  options.lr_scheduler = lambda_schedule([](std::int64_t step) { return step < 2 ? 0.5 : 0.25; });
  const TrainingArguments args = in(folder, {.learning_rate = 1e-2, .save_strategy = "no", .max_steps = 4});
  Trainer(model, args, options).train();
  CHECK(recorder->learning_rates == std::vector<double>{5e-3, 5e-3, 2.5e-3, 2.5e-3});

  options.lr_scheduler = lambda_schedule([](std::int64_t step) { return step < 1 ? 1.0 : -1.0; });
  TL_REQUIRE_ERROR(Trainer(model, args, options).train(),
                   "lr_scheduler user: expected a finite learning rate >= 0 for step 1, got -0.01");
}

namespace {

/// Says what it is told.
class ToldSchedule : public LearningRateSchedule {
 public:
  double learning_rate(double base, std::int64_t) const override { return base; }
  void on_train_begin(std::int64_t total_steps, std::int64_t warmup_steps) override {
    told.push_back(static_cast<double>(total_steps));
    told.push_back(static_cast<double>(warmup_steps));
  }
  void on_evaluate(double metric) override { told.push_back(metric); }
  std::map<std::string, double> state() const override { return {{"broken", std::nan("")}}; }
  std::vector<double> told;
};

}  // namespace

TEST_CASE("trainer: what a custom schedule is told") {
  const TemporaryFolder folder;
  ToyModel model;
  const auto schedule = std::make_shared<ToldSchedule>();
  TrainerOptions options{.train_dataset = toy_rows(16), .eval_dataset = toy_rows(8), .console = silent_console()};
  options.lr_scheduler = schedule;
  TrainingArguments args = in(folder, {.eval_strategy = "epoch", .save_strategy = "no", .max_steps = 4});
  args.warmup_steps = 1;
  Trainer trainer(model, args, options);
  trainer.train();
  REQUIRE(schedule->told.size() == 4);
  CHECK(schedule->told[0] == 4);
  CHECK(schedule->told[1] == 1);
  CHECK(schedule->told[3] == trainer.evaluate().at("eval_loss").get<double>());
  args.save_strategy = "epoch";
  TL_REQUIRE_ERROR(Trainer(model, args, options).train(),
                   "lr_scheduler user: expected finite numbers in its state, got nan for broken");
}

TEST_CASE("TrainerOptions: a function that was not given is empty wherever it is copied to") {
  TrainerOptions options;
  const ComputeLoss none = options.compute_loss;
  CHECK(!none);
  CHECK(!options.compute_loss);
  options.compute_loss = [](const ModelOutput& output, const Batch&) { return output.logits; };
  const ComputeLoss given = options.compute_loss;
  CHECK(given);
  const TrainerOptions copy = options;
  CHECK(copy.compute_loss);
  CHECK(!copy.optimizer);
}
