// Several evaluation sets under names, as the reference's Trainer does it with a dict: metrics, log, best model, table.
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

TrainerOptions options_with_sets(EvalDatasets sets) {
  return {.train_dataset = toy_rows(16),
          .eval_dataset = std::move(sets),
          .compute_metrics =
              [](const EvalPrediction& p) {
                return Metrics{{"accuracy", accuracy(p)}};
              },
          .console = silent_console()};
}

TrainingArguments arguments_in(const TemporaryFolder& folder) {
  return {.output_dir = folder.path().string(),
          .num_train_epochs = 2,
          .per_device_train_batch_size = 4,
          .learning_rate = 2e-2,
          .eval_strategy = "epoch",
          .save_strategy = "no"};
}

std::string keys_of(const Json& json) {
  std::string keys;
  for (const auto& [key, value] : json.items())
    if (!key.ends_with("_runtime") && !key.ends_with("_per_second")) keys += str_cat(keys.empty() ? "" : " ", key);
  return keys;
}

std::string refused(EvalDatasets sets, const std::string& metric = "") {
  TrainingArguments args{.eval_strategy = "epoch"};
  if (!metric.empty()) args.metric_for_best_model = metric;
  ToyModel model;
  return error_of([&] { Trainer(model, args, options_with_sets(std::move(sets))); });
}

}  // namespace

TEST_CASE("eval datasets: each has its metrics, its log entry and its event") {
  const TemporaryFolder folder;
  ToyModel model;
  const Dataset a = toy_rows(9, 5), b = toy_rows(7, 6);
  TrainerOptions options = options_with_sets({{"a", a}, {"b", b}});
  const auto recorder = std::make_shared<Recorder>();
  options.callbacks = {recorder};
  Trainer trainer(model, arguments_in(folder), options);
  trainer.train();
  CHECK(std::count(recorder->events.begin(), recorder->events.end(), "evaluate") == 4);
  const Json metrics = trainer.evaluate();
  CHECK(keys_of(metrics) == "eval_a_loss eval_a_accuracy epoch eval_b_loss eval_b_accuracy");
  CHECK(metrics.contains("eval_b_samples_per_second"));
  const auto& log = trainer.state().log_history;
  CHECK(keys_of(log[log.size() - 2]) == "eval_a_loss eval_a_accuracy epoch step");
  CHECK(keys_of(log.back()) == "eval_b_loss eval_b_accuracy epoch step");
  CHECK(metrics.at("eval_a_loss") == trainer.evaluate(a).at("eval_loss"));
  CHECK(metrics.at("eval_b_loss") == trainer.evaluate(b).at("eval_loss"));
  CHECK(keys_of(trainer.evaluate({{"c", b}}, "test")) == "test_c_loss test_c_accuracy epoch");
  CHECK(keys_of(trainer.evaluate(DatasetDict{{"x", a}, {"y", b}})) ==
        "eval_x_loss eval_x_accuracy epoch eval_y_loss eval_y_accuracy");
}

TEST_CASE("eval datasets: metric_for_best_model names one of them, with or without eval_ in front") {
  for (const char* name : {"eval_b_loss", "b_loss"}) {
    const TemporaryFolder folder;
    TrainingArguments args = arguments_in(folder);
    args.save_strategy = "epoch";
    args.load_best_model_at_end = true;
    args.metric_for_best_model = name;
    ToyModel model;
    TrainerOptions options = options_with_sets({{"a", toy_rows(9, 5)}, {"b", toy_rows(7, 6)}});
    const auto stopping = std::make_shared<EarlyStoppingCallback>(5);
    options.callbacks = {stopping};
    Trainer trainer(model, args, options);
    trainer.train();
    double best = 1e9;
    for (const Json& entry : trainer.state().log_history)
      if (entry.contains("eval_b_loss")) best = std::min(best, entry.at("eval_b_loss").get<double>());
    CHECK(trainer.state().best_metric == best);
    CHECK(trainer.evaluate().at("eval_b_loss") == best);
    CHECK(stopping->counter() < 2);
  }
}

TEST_CASE("eval datasets: one row of the table has the metrics of all") {
  const TemporaryFolder folder;
  std::string text;
  const auto console = std::make_shared<Console>([&](std::string_view part) { text += part; });
  ToyModel model;
  TrainerOptions options = options_with_sets({{"a", toy_rows(9, 5)}, {"news", toy_rows(7, 6)}});
  options.callbacks = {std::make_shared<NotebookProgressCallback>(console)};
  Trainer(model, arguments_in(folder), options).train();
  CHECK(text.starts_with("   Epoch | Training Loss |   A Loss | A Accuracy | News Loss | News Accuracy\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("eval datasets: names and metrics that cannot be right are one sentence") {
  const Dataset rows = toy_rows(4);
  CHECK(refused({{"a", rows}, {"a", rows}}) ==
        "Trainer: 1 problem: eval_dataset: expected names that differ, got a twice");
  CHECK(refused({{"", rows}}) ==
        "Trainer: 1 problem: eval_dataset: expected a name for each of the data sets, got an empty one");
  CHECK(refused({{"a", RowSource()}}) ==
        "Trainer: 1 problem: eval_dataset: expected a data set for the name a, got none");
  CHECK(refused({{"\xff", rows}}).find("eval_dataset: expected names in UTF-8, got ") != std::string::npos);
  CHECK(refused({{"a", rows}, {"b", rows}}, "loss") ==
        "Trainer: 1 problem: metric_for_best_model: expected a metric of one of the eval_datasets, e.g. eval_a_loss, "
        "eval_b_loss, got loss");
  const EvalDatasets sets{{"news", rows}, {"news_old", rows}};
  CHECK(sets.set_of("eval_news_loss") == &sets.sets()[0]);
  CHECK(sets.set_of("eval_news_old_loss") == &sets.sets()[1]);
  CHECK(sets.set_of("eval_loss") == nullptr);
  ToyModel model;
  TrainerOptions options = options_with_sets({{"a", rows}});
  options.compute_metrics = [](const EvalPrediction&) { return Metrics{{"b_loss", 1.0}}; };
  Trainer trainer(model, {}, options);
  TL_REQUIRE_ERROR(trainer.evaluate({{"a", rows}, {"a_b", rows}}),
                   "eval_dataset: expected names under which every metric has a name of its own, got eval_a_b_loss "
                   "twice");
  TL_REQUIRE_ERROR(trainer.evaluate({{"a", rows}, {"a", rows}}), "eval_dataset: expected names that differ");
  TL_REQUIRE_ERROR(trainer.evaluate({{"empty", rows.take(0)}}), "eval_dataset empty: expected at least one row, got 0");
}
