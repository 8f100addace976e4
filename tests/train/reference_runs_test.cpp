// Whole training runs against the Python stack's Trainer: the same batches, the same log entries, the same weights. The
// committed runs use a very small DistilBERT; the longer list of runs is used if the shared collection is at hand.
#include <set>

#include <tl/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using tl::test::Recorder;
using tl::test::TemporaryFolder;

namespace {

using Classifier = DistilBertForSequenceClassification;

Dataset dataset_from(const Json& rows, std::size_t count) {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < std::min(count, rows.size()); ++i) {
    ids.push_back(rows[i].at("input_ids").get<std::vector<std::int32_t>>());
    labels.push_back(rows[i].at("label").get<std::int64_t>());
  }
  return Dataset::from_columns({{"input_ids", ids}, {"label", labels}});
}

Metrics accuracy_only(const EvalPrediction& prediction) { return {{"accuracy", accuracy(prediction)}}; }

// Arguments from a reference's dictionary; what version 5 renamed goes under the name of version 4.
TrainingArguments arguments_from(const Json& json) {
  TrainingArguments args;
  for (const auto& [name, value] : json.items()) {
    if (name == "train_sampling_strategy") {
      args.group_by_length = value == "group_by_length";
    } else {
      argument_field(name).set(args, value.is_string() ? value.get<std::string>() : dump_json(value));
    }
  }
  return args;
}

void check_close(const Json& got, const Json& expected, double tolerance, double absolute, const std::string& what) {
  INFO(what << ": expected " << expected << ", got " << got);
  REQUIRE(got.is_number());
  CHECK(std::abs(got.get<double>() - expected.get<double>()) <=
        tolerance * std::max(1.0, std::abs(expected.get<double>())) + absolute);
}

// Every key of the reference's entry must be in ours; clocks are null there. A loss that the reference rounded to four
// decimals is compared with our unrounded one.
// Without clipping, version 5 logs a norm and version 4, like us, does not.
void check_log(const std::vector<Json>& got, const Json& expected, bool rounded_loss, bool clipped = true) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    for (const auto& [key, value] : expected[i].items()) {
      const std::string where = "entry " + std::to_string(i) + ", " + key;
      INFO(where << " in " << got[i]);
      if (key == "grad_norm" && !clipped) continue;
      REQUIRE(got[i].contains(key));
      if (value.is_null()) continue;
      if (key == "loss") check_close(got[i].at("tl_loss"), value, 3e-5, rounded_loss ? 6e-5 : 0.0, where);
      else if (key == "learning_rate") check_close(got[i].at(key), value, 0.0, 1e-15, where);
      else check_close(got[i].at(key), value, 3e-5, 0.0, where);
    }
}

void check_batches(const std::vector<std::vector<std::int64_t>>& got, const Json& expected) {
  const auto batches = expected.get<std::vector<std::vector<std::int64_t>>>();
  REQUIRE(got.size() <= batches.size());  // the reference loads one batch ahead
  CHECK(got.size() + 1 >= batches.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("micro-batch " << i);
    CHECK(got[i] == batches[i]);
  }
}

// The loss does not depend on the key biases (softmax ignores them): their gradients are rounding errors, which Adam
// blows up.
void check_weights(Classifier& model, const Json& norms, double tolerance) {
  for (const auto& [name, norm] : norms.items()) {
    if (name.ends_with("k_lin.bias")) continue;
    double squares = 0.0;
    const Tensor<float> value = model.parameters().at(name).value();
    for (const float x : value.span()) squares += static_cast<double>(x) * static_cast<double>(x);
    check_close(std::sqrt(squares), norm, tolerance, 0.0, "norm of " + name);
  }
}

}  // namespace

TEST_CASE("trainer: runs of the reference on a very small model") {
  const Json reference = read_json(test::reference_file("trainer/runs.json"));
  for (const Json& run : reference.at("runs")) {
    DYNAMIC_SECTION(run.at("name").get<std::string>()) {
      const TemporaryFolder folder;
      Classifier model = Classifier::from_pretrained(test::reference_file("trainer/model"));
      TrainingArguments args = arguments_from(run.at("args"));
      args.output_dir = folder.path().string();
      args.logging_steps = 1;
      args.save_strategy = IntervalStrategy::no;
      const auto recorder = std::make_shared<Recorder>();
      const Dataset eval = dataset_from(reference.at("eval"), 1000);
      Trainer trainer(model, args,
                      {.train_dataset = dataset_from(reference.at("train"), 1000),
                       .eval_dataset = eval,
                       .compute_metrics = accuracy_only,
                       .callbacks = {recorder},
                       .console = silent_console()});
      const TrainOutput output = trainer.train();
      CHECK(output.global_step == run.at("global_step").get<std::int64_t>());
      check_close(output.training_loss, run.at("train_loss"), 3e-5, 0.0, "train_loss");
      check_batches(recorder->batches, run.at("batches"));
      check_log(trainer.state().log_history, run.at("log_history"), false, args.max_grad_norm > 0);
      check_weights(model, run.at("norms"), 3e-5);
      const PredictionOutput prediction = trainer.predict(eval);
      CHECK(std::filesystem::is_empty(folder.path()));
      if (args.group_by_length) continue;  // there the reference predicts in another order
      const Json& logits = run.at("logits");
      REQUIRE(prediction.predictions.shape() == Shape{static_cast<std::int64_t>(logits.size()), 3});
      for (std::int64_t row = 0; row < prediction.predictions.size(0); ++row)
        for (std::int64_t c = 0; c < 3; ++c)
          check_close(prediction.predictions.at({row, c}),
                      logits[static_cast<std::size_t>(row)][static_cast<std::size_t>(c)], 2e-4, 0.0, "logit");
      check_close(prediction.metrics.at("test_loss"), run.at("test_metrics").at("test_loss"), 3e-5, 0.0, "test_loss");
      CHECK(prediction.metrics.at("test_accuracy") == run.at("test_metrics").at("test_accuracy"));
    }
  }
}

TEST_CASE("trainer: the shared collection of reference runs") {
  const auto path = test::shared_file("reference/verified/trainer_runs.json");
  const auto source = test::shared_file("models/tiny-random-distilbert");
  if (!path || !source) TL_SKIP("the shared collection with trainer_runs.json is not here");
  const Json reference = read_json(*path);
  // Other optimizers are not supported; dropout masks are Philox here and agree with torch's in distribution only.
  const std::set<std::string> other{"accumulate3_sgd", "sgd", "adafactor", "dropout"};
  for (const Json& run : reference.at("generations").at("4.56.2").at("runs")) {
    const auto name = run.at("name").get<std::string>();
    if (other.contains(name)) continue;
    DYNAMIC_SECTION(name) {
      const TemporaryFolder folder;
      Classifier model = Classifier::from_pretrained(
          *source,
          {.num_labels = 2, .config_overrides = "dropout=0,attention_dropout=0,seq_classif_dropout=0", .seed = 42});
      for (const auto& part : model.parameters().named())
        if (part.shape().rank() == 2)
          for (float& x : part.value().span()) x *= 16;
      TrainingArguments args = arguments_from(run.at("args"));
      args.output_dir = folder.path().string();
      const std::size_t rows = name == "drop_last" ? 36 : name == "odd_tail" || name == "smooth_accumulate" ? 37 : 40;
      const auto recorder = std::make_shared<Recorder>();
      std::vector<std::shared_ptr<TrainerCallback>> callbacks{recorder};
      if (name == "early") callbacks.push_back(std::make_shared<EarlyStoppingCallback>(2));
      Trainer trainer(model, args,
                      {.train_dataset = dataset_from(reference.at("train_rows"), rows),
                       .eval_dataset = dataset_from(reference.at("eval_rows"), 1000),
                       .processing_class = Tokenizer::from_pretrained(*source),
                       .compute_metrics = accuracy_only,
                       .callbacks = callbacks,
                       .console = silent_console()});
      const TrainOutput output = trainer.train();
      trainer.evaluate();
      CHECK(output.global_step == run.at("global_step").get<std::int64_t>());
      check_batches(recorder->batches, run.at("batches"));
      // bf16 products are summed in another order, and a bfloat16 has eight bits
      if (name == "bf16") {
        REQUIRE(trainer.state().log_history.size() == run.at("log_history").size());
        check_close(trainer.state().log_history[0].at("tl_loss"), run.at("log_history")[0].at("loss"), 0.02, 0.0,
                    "bf16 loss");
        continue;
      }
      check_log(trainer.state().log_history, run.at("log_history"), true);
      check_weights(model, run.at("weights").at("norms"), 2e-4);
      const Json& best = run.at("best");
      if (!best[0].is_null()) {
        CHECK(trainer.state().best_global_step == best[0].get<std::int64_t>());
        CHECK(trainer.state().best_model_checkpoint == (folder / best[2].get<std::string>()).string());
      }
      std::set<std::string> folders;
      for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        folders.insert(entry.path().filename().string());
      CHECK(folders == run.at("folders").get<std::set<std::string>>());
      if (name != "best") continue;
      const auto checkpoint = folder / "checkpoint-25";
      Json state = read_json(checkpoint / "trainer_state.json");
      state["log_history"] = state["log_history"].size();
      state["best_model_checkpoint"] =
          std::filesystem::path(state["best_model_checkpoint"].get<std::string>()).filename().string();
      Json expected = run.at("trainer_state_json");
      CHECK(dump_json(state) == dump_json(expected));
      for (const char* file : {"config.json", "model.safetensors", "tokenizer.json", "vocab.txt",
                               "tokenizer_config.json", "special_tokens_map.json", "training_args.json"})
        CHECK(std::filesystem::exists(checkpoint / file));
    }
  }
}
