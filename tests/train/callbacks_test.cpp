// Callbacks that show or remember something, the console they share, and trainer_state.json.
#include <tl/train/metrics.hpp>
#include <tl/train/progress.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;

namespace {

struct Stage {
  TrainingArguments args{.eval_strategy = "epoch"};
  TrainerState state{};
  TrainerControl control{};
  std::string shown{};
  std::shared_ptr<Console> plain = std::make_shared<Console>([this](std::string_view text) { shown += text; });
  std::shared_ptr<Console> terminal = std::make_shared<Console>([this](std::string_view text) { shown += text; }, true);

  TrainerEvent event() { return {.args = args, .state = state, .control = control}; }
  void log(TrainerCallback& callback, const Json& entry) {
    Json logs = entry;
    TrainerEvent details = event();
    details.logs = &logs;
    callback.on_log(details);
  }
  void evaluate(TrainerCallback& callback, const Json& metrics) {
    TrainerEvent details = event();
    details.metrics = &metrics;
    callback.on_evaluate(details);
  }
};

}  // namespace

TEST_CASE("progress: plain lines where there is no terminal") {
  Stage stage;
  ProgressCallback progress(stage.plain);
  stage.state.max_steps = 10;
  progress.on_train_begin(stage.event());
  progress.on_step_end(stage.event());
  stage.log(progress, {{"loss", 0.5175},
                       {"learning_rate", 1e-5},
                       {"epoch", 1.23456},
                       {"total_flos", 1e9},
                       {"tl_loss", 0.51749},
                       {"note", "x"},
                       {"flag", true},
                       {"none", nullptr}});
  progress.on_train_end(stage.event());
  CHECK(stage.shown ==
        "{'loss': 0.5175, 'learning_rate': 1e-05, 'epoch': 1.23, 'note': 'x', 'flag': True, 'none': None}\n");
}

TEST_CASE("progress: a bar on a terminal, lines above it") {
  Stage stage;
  ProgressCallback progress(stage.terminal);
  stage.state.max_steps = 4;
  progress.on_train_begin(stage.event());
  CHECK(stage.shown.find("  0%|") != std::string::npos);
  CHECK(stage.shown.find("| 0/4 [00:00<?") != std::string::npos);
  stage.shown.clear();
  stage.log(progress, {{"loss", 1.0}});
  CHECK(stage.shown.starts_with("\r\033[K{'loss': 1.0}\n  0%|"));
  TrainerEvent prediction = stage.event();
  prediction.batch = prediction.batches = 3;
  stage.shown.clear();
  progress.on_prediction_step(prediction);
  CHECK(stage.shown.starts_with("\r\033[Kevaluating 100%|"));
  prediction.batch = prediction.batches = 1;  // nothing was measured before it, so there is no rate
  stage.shown.clear();
  progress.on_prediction_step(prediction);
  CHECK(stage.shown.ends_with("| 1/1 [00:00<?,     ?it/s]"));
  stage.state.global_step = 4;
  progress.on_step_end(stage.event());
  CHECK(stage.shown.find("100%|████████████████████| 4/4") != std::string::npos);
  stage.shown.clear();
  progress.on_train_end(stage.event());
  CHECK(stage.shown == "\r\033[K");
  ProgressCallback without_logs(stage.plain, false);
  stage.shown.clear();
  stage.log(without_logs, {{"loss", 1.0}});
  CHECK(stage.shown.empty());
}

TEST_CASE("progress: times and bars") {
  CHECK(detail::clock_text(65) == "01:05");
  CHECK(detail::clock_text(3665.9) == "1:01:05");
  CHECK(detail::bar_text("", 85, 189, 31.0) == " 44%|████████            | 85/189 [00:31<00:37,  2.74it/s]");
  CHECK(detail::bar_text("", 95, 100, 10.0, 90).find("95/100 [00:10<00:10,  0.50it/s]") != std::string::npos);
}

TEST_CASE("printer: log entries only") {
  Stage stage;
  PrinterCallback printer(stage.plain);
  stage.log(printer, {{"eval_loss", 0.25}, {"epoch", 2.0}});
  CHECK(stage.shown == "{'eval_loss': 0.25, 'epoch': 2.0}\n");
  PrinterCallback silent(silent_console());
  stage.log(silent, {{"eval_loss", 0.25}});
}

TEST_CASE("epoch table: the notebook's rows") {
  Stage stage;
  NotebookProgressCallback table(stage.plain);
  CHECK(table.shows_logs());
  const Json metrics{{"eval_loss", 0.5123456}, {"eval_accuracy", 0.775},         {"eval_f1_macro", 1},
                     {"eval_runtime", 1.0},    {"eval_samples_per_second", 2.0}, {"epoch", 1.0}};
  stage.evaluate(table, metrics);
  CHECK(stage.shown.empty());  // not during a training run
  table.on_train_begin(stage.event());
  stage.state.epoch = 1.0;
  stage.evaluate(table, metrics);
  stage.log(table, {{"loss", 0.6407}});
  stage.state.epoch = 2.0;
  stage.evaluate(table, metrics);
  stage.state.epoch = 2.5;  // the run stopped in the middle of an epoch, and the reference shows whole ones
  stage.evaluate(table, metrics);
  table.on_train_end(stage.event());
  CHECK(stage.shown ==
        "   Epoch | Training Loss | Validation Loss | Accuracy | F1 Macro\n"
        "       1 |        No log |        0.512346 | 0.775000 |        1\n"
        "       2 |      0.640700 |        0.512346 | 0.775000 |        1\n"
        "       2 |      0.640700 |        0.512346 | 0.775000 |        1\n");
}

TEST_CASE("epoch table: entries between the rows, when they are logged") {
  Stage stage;
  NotebookProgressCallback table(stage.plain, true);
  table.on_train_begin(stage.event());
  stage.log(table, {{"loss", 0.5}, {"learning_rate", 0.25}, {"epoch", 0.5}});
  CHECK(stage.shown == "{'loss': 0.5, 'learning_rate': 0.25, 'epoch': 0.5}\n");
  stage.shown.clear();
  stage.log(table, {{"eval_loss", 0.5}});  // its row follows
  CHECK(stage.shown.empty());
}

TEST_CASE("epoch table: without evaluations a row per log entry") {
  Stage stage;
  stage.args.eval_strategy = IntervalStrategy::no;
  NotebookProgressCallback table(stage.plain);
  table.on_train_begin(stage.event());
  stage.state.global_step = 50;
  stage.log(table, {{"loss", 0.5}});
  stage.state.global_step = 100;
  stage.log(table, {{"loss", 0.25}});
  CHECK(stage.shown == "    Step | Training Loss\n      50 |      0.500000\n     100 |      0.250000\n");
}

TEST_CASE("default flow: what is requested when") {
  Stage stage;
  stage.args = {.eval_strategy = "steps", .eval_delay = 5, .logging_first_step = true};
  stage.state.logging_steps = 3;
  stage.state.eval_steps = 2;
  stage.state.save_steps = 4;
  stage.state.max_steps = 7;
  DefaultFlowCallback flow;
  std::string log, evaluate, save, stop;
  for (stage.state.global_step = 1; stage.state.global_step <= 7; ++stage.state.global_step) {
    stage.control = {};
    flow.on_step_end(stage.event());
    const std::string step = std::to_string(stage.state.global_step);
    if (stage.control.should_log) log += step;
    if (stage.control.should_evaluate) evaluate += step;
    if (stage.control.should_save) save += step;
    if (stage.control.should_training_stop) stop += step;
  }
  CHECK(log == "136");
  CHECK(evaluate == "6");
  CHECK(save == "47");
  CHECK(stop == "7");
}

TEST_CASE("callback list: two callbacks of one name keep their states apart") {
  CallbackList list;
  const auto first = std::make_shared<EarlyStoppingCallback>(5), second = std::make_shared<EarlyStoppingCallback>(5);
  list.add(first);
  list.add(second);
  Stage stage;
  stage.args.metric_for_best_model = "loss";
  stage.args.greater_is_better = false;
  stage.state.best_metric = 0.1;
  stage.evaluate(*second, {{"eval_loss", 0.5}});
  Json states = Json::object();
  list.save(states);
  CHECK(states.at("EarlyStoppingCallback").at("attributes").at("early_stopping_patience_counter") == 0);
  CHECK(states.at("EarlyStoppingCallback-2").at("attributes").at("early_stopping_patience_counter") == 1);
  CallbackList other;
  const auto third = std::make_shared<EarlyStoppingCallback>(5), fourth = std::make_shared<EarlyStoppingCallback>(5);
  other.add(third);
  other.add(fourth);
  other.restore(states);
  CHECK(third->counter() == 0);
  CHECK(fourth->counter() == 1);
}

TEST_CASE("trainer state: written and read in the reference's schema") {
  const test::TemporaryFolder folder;
  TrainerState state;
  state.epoch = 0.2;
  state.global_step = 3;
  state.total_flos = 404709120.0;
  state.best_metric = 0.25;
  state.log_history.push_back({{"loss", 0.5}, {"step", 3}});
  write_json(folder / "trainer_state.json", state.to_json());
  const std::string text = test::read_text(folder / "trainer_state.json");
  CHECK(text.starts_with("{\n  \"best_global_step\": null,\n  \"best_metric\": 0.25,\n"));
  CHECK(text.find("\"total_flos\": 404709120.0,") != std::string::npos);
  CHECK(text.ends_with("}\n"));
  const TrainerState read = TrainerState::load(folder / "trainer_state.json");
  CHECK(read.to_json() == state.to_json());
  CHECK_FALSE(read.best_global_step);
}

TEST_CASE("metrics: accuracy and F1") {
  const auto prediction = [](std::vector<float> logits, std::vector<std::int64_t> labels, std::int64_t classes) {
    const auto rows = static_cast<std::int64_t>(labels.size());
    return EvalPrediction{Tensor<float>::from(logits, {rows, classes}), Tensor<std::int64_t>::from(labels, {rows})};
  };
  // predicted 1 0 0 1 against 1 1 0 0; the last row does not count
  const auto binary = prediction({0, 1, 1, 0, 2, 2, 0, 1, 5, 0}, {1, 1, 0, 0, -100}, 2);
  CHECK(accuracy(binary) == 0.5);
  CHECK(f1(binary) == 0.5);  // 2 tp / (2 tp + fp + fn) = 2 / 4
  CHECK(f1(binary, F1Average::macro) == 0.5);
  // class 2 is neither a label nor predicted
  const auto three = prediction({1, 0, 0, 0, 1, 0, 0, 1, 0}, {0, 1, 0}, 3);
  CHECK(accuracy(three) == Approx(2.0 / 3));
  CHECK(f1(three, F1Average::macro) == Approx((2.0 / 3 + 2.0 / 3) / 2));
  CHECK(f1(prediction({1, 0}, {0}, 2)) == 0.0);
  TL_REQUIRE_ERROR(f1(three),
                   "f1: expected two classes for F1Average::binary, got 3; use F1Average::macro, micro or weighted");
  CHECK(argmax(Tensor<float>::from({3, 3, 1, 0, 2, 2}, {2, 3})) == std::vector<std::int64_t>{0, 1});
  TL_REQUIRE_ERROR(accuracy({Tensor<float>::zeros({1, 2}), {}}), "accuracy: the data set has no labels");
  TL_REQUIRE_ERROR(f1({Tensor<float>::zeros({2, 2}), Tensor<std::int64_t>::zeros({1})}),
                   "f1: expected as many labels as predictions, got 1 and 2");
  TL_REQUIRE_ERROR(argmax(Tensor<float>::zeros({3})), "argmax: expected logits [B, C], got f32[3]@cpu");
}

TEST_CASE("metrics: averages of F1 over several classes") {
  // f1_score of scikit-learn 1.9.1 for these labels and predictions, average=..., zero_division=0
  const std::vector<std::int64_t> labels{0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3};
  const std::vector<std::int64_t> predicted{0, 0, 0, 1, 2, 1, 0, 2, 2, 3, 0, 4};
  EvalPrediction p{Tensor<float>::zeros({12, 5}), Tensor<std::int64_t>::from(labels, {12})};
  for (std::int64_t row = 0; row < 12; ++row)
    p.predictions.data()[row * 5 + predicted[static_cast<std::size_t>(row)]] = 1.0F;
  CHECK(f1(p, F1Average::macro) == Approx(0.4800000000000001));
  CHECK(f1(p, F1Average::micro) == Approx(0.5833333333333334));
  CHECK(f1(p, F1Average::weighted) == Approx(0.5916666666666667));
  CHECK(f1({Tensor<float>::zeros({1, 5}), Tensor<std::int64_t>::from({-100}, {1})}, F1Average::weighted) == 0.0);
  TL_REQUIRE_ERROR(f1({Tensor<float>::zeros({1, 2}), {}}, F1Average::micro), "f1: the data set has no labels");
}

TEST_CASE("speed metrics: rounded as Python rounds") {
  CHECK(tl::detail::rounded(0.12345, 4) == 0.1235);
  CHECK(tl::detail::rounded(2.5, 0) == 2.0);
  CHECK(tl::detail::rounded(2.675, 2) == 2.67);  // the double is below
  Json entry = Json::object();
  tl::detail::add_speed_metrics(entry, "eval", 2.0, 3.0, 1.0);
  CHECK(dump_json(entry, {.indent = -1, .sort_keys = false}) ==
        R"({"eval_runtime": 2.0, "eval_samples_per_second": 1.5, "eval_steps_per_second": 0.5})");
  Json zero = Json::object();
  tl::detail::add_speed_metrics(zero, "eval", 0.0, 3.0, 1.0);
  CHECK(zero.size() == 1);
}
