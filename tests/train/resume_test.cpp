// A run that is interrupted and resumed equals the uninterrupted one bit for bit: weights, moments, log, order of
// batches. And every sentence about a checkpoint that cannot be resumed from.
#include <set>

#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

struct Outcome {
  std::vector<float> weights;
  std::string log;  // without clocks; keys are sorted, as trainer_state.json sorts them
  std::vector<std::vector<std::int64_t>> batches;
  double training_loss = 0.0;
  double total_flos = 0.0;
};

std::string without_clocks(const std::vector<Json>& history) {
  Json result = Json::array();
  for (const auto& entry : history) {
    Json kept = Json::object();
    for (const auto& [key, value] : entry.items())
      if (!key.ends_with("_runtime") && !key.ends_with("_per_second")) kept[key] = value;
    result.push_back(kept);
  }
  return dump_json(result, {.indent = -1});
}

TrainerOptions options_with(std::vector<std::shared_ptr<TrainerCallback>> callbacks) {
  return {.train_dataset = toy_rows(37),
          .eval_dataset = toy_rows(11, 5),
          .compute_metrics =
              [](const EvalPrediction& p) {
                return Metrics{{"accuracy", accuracy(p)}};
              },
          .callbacks = std::move(callbacks),
          .console = silent_console()};
}

// Trains in `folder`, from a checkpoint if one is named, with another starting model then, which must not matter.
Outcome run(const std::filesystem::path& folder, TrainingArguments args, const std::string& checkpoint = {}) {
  args.output_dir = folder.string();
  ToyModel model(0.3, checkpoint.empty() ? 1 : 2);
  const auto recorder = std::make_shared<Recorder>();
  Trainer trainer(model, args, options_with({recorder, std::make_shared<EarlyStoppingCallback>(50)}));
  const TrainOutput output = checkpoint.empty() ? trainer.train() : trainer.train(folder / checkpoint);
  return {model.values(), without_clocks(trainer.state().log_history), recorder->batches, output.training_loss,
          output.metrics.at("total_flos").get<double>()};
}

const TrainingArguments base{.num_train_epochs = 3,
                             .per_device_train_batch_size = 4,
                             .learning_rate = 2e-2,
                             .weight_decay = 0.01,
                             .warmup_ratio = 0.2,
                             .eval_strategy = "epoch",
                             .save_strategy = "steps",
                             .metric_for_best_model = "loss",
                             .logging_steps = 3,
                             .gradient_accumulation_steps = 3,
                             .save_steps = 1};

// Every checkpoint of a whole run, resumed in a folder of its own, must lead to the same end.
void check_every_checkpoint(const TrainingArguments& args) {
  const TemporaryFolder folder;
  const Outcome whole = run(folder / "whole", args);
  REQUIRE(whole.batches.size() == 30);
  for (const auto& checkpoint : sorted_checkpoints(folder / "whole")) {
    const std::string name = checkpoint.filename().string();
    INFO(name);
    std::filesystem::create_directory(folder / "resumed");
    std::filesystem::copy(checkpoint, folder / "resumed" / name, std::filesystem::copy_options::recursive);
    TrainingArguments unsaved = args;
    unsaved.save_strategy = IntervalStrategy::no;
    const Outcome resumed = run(folder / "resumed", unsaved, name);
    CHECK(resumed.weights == whole.weights);
    CHECK(resumed.log == whole.log);
    CHECK(resumed.training_loss == whole.training_loss);
    CHECK(resumed.total_flos == whole.total_flos);
    const auto left = static_cast<std::ptrdiff_t>(resumed.batches.size());
    CHECK(std::equal(resumed.batches.begin(), resumed.batches.end(), whole.batches.end() - left));
    std::filesystem::remove_all(folder / "resumed");
  }
}

}  // namespace

TEST_CASE("resume: from every step, with dropout and accumulation, bit for bit") { check_every_checkpoint(base); }

TEST_CASE("resume: from every step under group_by_length, bit for bit") {
  TrainingArguments args = base;
  args.group_by_length = true;
  args.eval_strategy = IntervalStrategy::steps;
  args.eval_steps = 2;
  check_every_checkpoint(args);
}

TEST_CASE("resume: logging by epoch and checkpoints inside an epoch, bit for bit") {
  TrainingArguments args = base;
  args.logging_strategy = IntervalStrategy::epoch;
  args.max_grad_norm = 0.01;
  check_every_checkpoint(args);
}

TEST_CASE(
    "resume: from checkpoints at the ends of epochs, the last one of the folder, and the early stopping counter") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.save_strategy = IntervalStrategy::epoch;
  const Outcome whole = run(folder / "out", args);
  args.output_dir = (folder / "out").string();
  std::filesystem::remove_all(folder / "out/checkpoint-12");
  ToyModel model(0.3, 7);
  const auto stop = std::make_shared<EarlyStoppingCallback>(50);
  Trainer trainer(model, args, options_with({stop}));
  trainer.train(true);
  CHECK(model.values() == whole.weights);
  CHECK(without_clocks(trainer.state().log_history) == whole.log);
  const Json state = read_json(folder / "out/checkpoint-8/trainer_state.json");
  CHECK(state.at("stateful_callbacks").at("EarlyStoppingCallback").at("args").at("early_stopping_patience") == 50);
}

TEST_CASE("resume: a finished run ends at once, more epochs go on") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.lr_scheduler_type = SchedulerType::constant;  // does not depend on the length of the run
  const Outcome whole = run(folder / "out", args);
  const Outcome again = run(folder / "out", args, "checkpoint-12");
  CHECK(again.weights == whole.weights);
  CHECK(again.batches.empty());
  args.num_train_epochs = 2;
  run(folder / "short", args);
  args.num_train_epochs = 3;
  CHECK(run(folder / "short", args, "checkpoint-8").weights == whole.weights);
}

TEST_CASE("resume: other data is refused unless the epoch may begin anew") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  run(folder / "out", args);
  args.per_device_train_batch_size = 2;
  args.seed = 7;
  TL_REQUIRE_ERROR(
      run(folder / "out", args, "checkpoint-5"),
      "cannot resume from " + (folder / "out/checkpoint-5").string() +
          " with the same batches: per_device_train_batch_size was 4 and is 2, seed was 42 and is 7, data_seed was "
          "42 and is 7; set ignore_data_skip = true");
  args.ignore_data_skip = true;
  const Outcome outcome = run(folder / "out", args, "checkpoint-5");
  CHECK(outcome.batches.size() == 44);  // 16 updates of three micro-batches are left; each epoch ends with one of one
}

TEST_CASE("resume: other rows of the same number are refused, a checkpoint without their fingerprint is not") {
  const TemporaryFolder folder;
  run(folder / "out", base);
  TrainingArguments args = base;
  args.output_dir = (folder / "out").string();
  const auto resume_with = [&](const Dataset& rows) {
    ToyModel model;
    TrainerOptions options = options_with({});
    options.train_dataset = rows;
    Trainer trainer(model, args, std::move(options));
    trainer.train(folder / "out/checkpoint-5");
  };
  const std::string sentence = "cannot resume from " + (folder / "out/checkpoint-5").string() +
                               " with the same batches: the tokens or labels of train_dataset, or their order, were "
                               "others; set ignore_data_skip = true";
  const Dataset rows = toy_rows(37);
  TL_REQUIRE_ERROR(resume_with(rows.shuffle(1)), sentence);
  auto labels = rows.column<std::int64_t>("label").to_vector();
  labels[36] = 1 - labels[36];
  const auto relabelled = [&](const Dataset&) { return Columns{{"label", labels}}; };
  TL_REQUIRE_ERROR(resume_with(rows.map_batched(relabelled)), sentence);
  const auto path = folder / "out/checkpoint-5/progress.json";
  Json progress = read_json(path);
  progress.erase("train_fingerprint");
  write_json(path, progress);
  resume_with(rows.shuffle(1));
}

TEST_CASE("resume: a checkpoint that is not complete says what is missing") {
  const TemporaryFolder folder;
  run(folder / "out", base);
  const auto checkpoint = folder / "out/checkpoint-5";
  std::filesystem::remove(checkpoint / "optimizer.safetensors");
  std::filesystem::remove(checkpoint / "rng.json");
  TL_REQUIRE_ERROR(
      run(folder / "out", base, "checkpoint-5"),
      "cannot resume from " + checkpoint.string() + ": missing rng.json, optimizer.safetensors; it is damaged");
  write_file(checkpoint / "optimizer.pt", "pickle");
  TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-5"),
                   "it was written by Python, load its weights with from_pretrained");
  TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-99"), "resume_from_checkpoint: expected a folder, ");
  std::filesystem::remove(folder / "out/checkpoint-6/model.safetensors");
  TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-6"), "model.safetensors");
  std::filesystem::remove(folder / "out/checkpoint-6/progress.json");
  TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-6"),
                   "missing progress.json, model.safetensors; it is not complete");
  TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-5/progress.json"), "progress.json is a file");
  TrainingArguments elsewhere = base;
  elsewhere.output_dir = (folder / "nothing").string();
  ToyModel model;
  Trainer trainer(model, elsewhere, options_with({}));
  TL_REQUIRE_ERROR(trainer.train(true),
                   "resume_from_checkpoint: expected a folder checkpoint-N in " + elsewhere.output_dir);
}

TEST_CASE("resume: damaged files are refused with file and key") {
  const TemporaryFolder folder;
  run(folder / "out", base);
  const auto checkpoint = folder / "out/checkpoint-5";
  const auto resumed = [&] { return run(folder / "out", base, "checkpoint-5"); };
  const auto damage = [&](const std::string& name, const std::function<void(Json&)>& change,
                          const std::string& sentence) {
    const Json whole = read_json(checkpoint / name);
    Json json = whole;
    change(json);
    write_json(checkpoint / name, json);
    TL_REQUIRE_ERROR(resumed(), sentence);
    write_json(checkpoint / name, whole);
  };
  damage(
      "progress.json", [](Json& j) { j.erase("epoch"); },
      "progress.json: expected the key \"epoch\", which is missing");
  damage(
      "progress.json", [](Json& j) { j["epoch"] = "one"; },
      "progress.json, key \"epoch\": got a value of the wrong type, string");
  damage(
      "progress.json", [](Json& j) { j["epoch"] = -1; },
      "progress.json: expected epoch and batches_done of at least 0, got -1");
  damage(
      "rng.json",
      [](Json& j) {
        j["generator"]["key"] = Json::array({1, 2});
      },
      "rng.json: expected 624 words and a position in [0, 624], got 2");
  damage(
      "rng.json", [](Json& j) { j = Json::array(); }, "rng.json: expected the key \"generator\"");
  damage(
      "trainer_state.json", [](Json& j) { j.erase("global_step"); },
      "trainer_state.json: expected the key \"global_step\"");
  damage(
      "trainer_state.json", [](Json& j) { j["max_steps"] = "x"; },
      "trainer_state.json, key \"max_steps\": got a value of the wrong");
  damage(
      "trainer_state.json", [](Json& j) { j = 1; }, "trainer_state.json: expected a JSON object, got number");
  damage(
      "trainer_state.json", [](Json& j) { j["global_step"] = 4; },
      "expected optimizer.safetensors and trainer_state.json to be of the same step, got 5 and 4");
  std::vector<float> values(20 * 8);
  const auto moments = [&](const Shape& shape) {
    const std::vector<StoredTensor> tensors{stored_tensor<float>("embedding.weight.exp_avg", shape, values)};
    write_safetensors(checkpoint / "optimizer.safetensors", tensors);
  };
  moments({8, 20});
  TL_REQUIRE_ERROR(resumed(),
                   "optimizer.safetensors, tensor embedding.weight.exp_avg: expected shape [20, 8], got [8, 20]");
  const std::vector<std::int32_t> integers(values.size());
  write_safetensors(checkpoint / "optimizer.safetensors", std::vector<StoredTensor>{stored_tensor<std::int32_t>(
                                                              "embedding.weight.exp_avg", {20, 8}, integers)});
  TL_REQUIRE_ERROR(resumed(), (checkpoint / "optimizer.safetensors").string() +
                                  ", tensor embedding.weight.exp_avg: expected F64, F32, F16 or BF16, got I32");
  moments({20, 8});
  TL_REQUIRE_ERROR(resumed(), "embedding.weight.exp_avg_sq");
}

TEST_CASE("resume: save_only_model leaves the rest out") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.save_only_model = true;
  run(folder / "out", args);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "out/checkpoint-5"))
    names.insert(entry.path().filename().string());
  CHECK(names == std::set<std::string>{"model.safetensors", "trainer_state.json", "training_args.json"});
  TL_REQUIRE_ERROR(run(folder / "out", args, "checkpoint-5"), "it is damaged, or was written with save_only_model");
}

TEST_CASE("resume: the argument as programs give it") {
  CHECK_FALSE(ResumeFrom::argument({}).last());
  CHECK_FALSE(ResumeFrom::argument("false").path());
  CHECK(ResumeFrom::argument("true").last());
  CHECK(ResumeFrom::argument("out/checkpoint-3").path() == std::filesystem::path("out/checkpoint-3"));
  CHECK(ResumeFrom("folder").path() == std::filesystem::path("folder"));
  CHECK(ResumeFrom(true).last());
}

TEST_CASE("checkpoints: names, order, rotation") {
  CHECK(checkpoint_number("x/checkpoint-12") == 12);
  for (const char* name : {"checkpoint-", "checkpoint-1x", "checkpoint--1", "check-1", ".checkpoint-1.partial"})
    CHECK_FALSE(checkpoint_number(name));
  const TemporaryFolder folder;
  for (const int n : {5, 10, 100}) std::filesystem::create_directory(folder / ("checkpoint-" + std::to_string(n)));
  write_file(folder / "checkpoint-7", "not a folder");
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& path : sorted_checkpoints(folder.path())) found.push_back(path.filename().string());
    return found;
  };
  CHECK(names() == std::vector<std::string>{"checkpoint-5", "checkpoint-10", "checkpoint-100"});
  // a checkpoint of an earlier, longer run is older in spite of its number
  std::filesystem::last_write_time(folder / "checkpoint-100",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  CHECK(names() == std::vector<std::string>{"checkpoint-100", "checkpoint-5", "checkpoint-10"});
  CHECK(last_checkpoint(folder.path()).filename() == "checkpoint-100");
  rotate_checkpoints(folder.path(), 2, (folder / "checkpoint-100").string());
  CHECK(names() == std::vector<std::string>{"checkpoint-100", "checkpoint-10"});
  rotate_checkpoints(folder.path(), 1, (folder / "checkpoint-100").string());
  CHECK(names().size() == 2);
  rotate_checkpoints(folder.path(), 1, std::nullopt);
  CHECK(names() == std::vector<std::string>{"checkpoint-10"});
}
