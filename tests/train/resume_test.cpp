// A run that is interrupted and resumed equals the uninterrupted one bit for bit: weights, moments, log, order of
// batches. And every sentence about a checkpoint that cannot be resumed from.
#include <atomic>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>

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
  for (const auto& checkpoint : tl::detail::sorted_checkpoints(folder / "whole")) {
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

TEST_CASE("resume: train_sampling_strategy, bit for bit, and only with the strategy of the checkpoint") {
  TrainingArguments args = base;
  args.train_sampling_strategy = "sequential";
  check_every_checkpoint(args);
  const TemporaryFolder folder;
  const Outcome in_order = run(folder / "out", args);
  std::vector<std::int64_t> first(in_order.batches.front().size());
  std::iota(first.begin(), first.end(), 0);
  CHECK(in_order.batches.front() == first);
  args.train_sampling_strategy = "random";
  args.output_dir = (folder / "out").string();
  ToyModel model(0.3, 7);
  Trainer trainer(model, args, options_with({}));
  TL_REQUIRE_ERROR(trainer.train(true), "sequential was true and is false");

  args.train_sampling_strategy = "group_by_length";
  const Outcome by_strategy = run(folder / "strategy", args);
  args.train_sampling_strategy = "random";
  args.group_by_length = true;
  const Outcome by_flag = run(folder / "flag", args);
  CHECK(by_strategy.batches == by_flag.batches);
  CHECK(by_strategy.weights == by_flag.weights);
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

TEST_CASE("resume: under reduce_lr_on_plateau, bit for bit") {
  TrainingArguments args = base;
  args.learning_rate = 0.5;
  args.eval_strategy = IntervalStrategy::steps;
  args.eval_steps = 1;
  args.lr_scheduler_type = SchedulerType::reduce_lr_on_plateau;
  args.lr_scheduler_kwargs = {{"patience", 1}, {"factor", 0.5}};
  args.logging_steps = 1;
  check_every_checkpoint(args);
  const TemporaryFolder folder;
  run(folder / "out", args);
  const Json scheduler = read_json(folder / "out/checkpoint-12/scheduler.json");
  CHECK(scheduler.at("lr_scheduler_type") == "reduce_lr_on_plateau");
  CHECK(scheduler.at("state").at("reductions").get<double>() >= 1);  // else the test shows nothing
}

TEST_CASE("resume: a state of the schedule that no run can have written") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.lr_scheduler_type = SchedulerType::reduce_lr_on_plateau;
  run(folder / "out", args);
  const auto file = folder / "out/checkpoint-12/scheduler.json";
  const auto resumed_with = [&](const Json& state) {
    Json json = read_json(file);
    json["state"] = state;
    write_json(file, json);
    std::filesystem::remove(folder / "out/checkpoint-12/checksums.xxh64");
    return error_of([&] { run(folder / "out", args, "checkpoint-12"); });
  };
  CHECK(resumed_with({{"num_bad_epochs", -1}})
            .find("scheduler.json: state of reduce_lr_on_plateau: expected "
                  "num_bad_epochs to be a whole number >= 0, got -1") != std::string::npos);
  CHECK(resumed_with({{"num_bad_epochs", "two"}}).find("key \"state\", num_bad_epochs: expected a finite number") !=
        std::string::npos);
  CHECK(resumed_with(3).find("key \"state\": expected an object") != std::string::npos);
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
  std::filesystem::remove(folder / "out/checkpoint-5/checksums.xxh64");
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
    const std::string whole = read_text(checkpoint / name);
    Json json = read_json(checkpoint / name);
    change(json);
    INFO(name << ": " << dump_json(json));
    write_json(checkpoint / name, json);
    TL_REQUIRE_ERROR(resumed(), sentence);
    write_file(checkpoint / name, whole);  // byte for byte, as its checksum has it
  };
  damage(
      "progress.json", [](Json& j) { j.erase("epoch"); },
      "progress.json: expected the key \"epoch\", which is missing");
  damage(
      "progress.json", [](Json& j) { j["epoch"] = "one"; },
      "progress.json, key \"epoch\": got a value of the wrong type, string");
  damage(
      "progress.json", [](Json& j) { j["epoch"] = -1; }, "progress.json, key \"epoch\": expected 0 or more, got -1");
  const auto progress = [&](const char* key, const Json& value, const std::string& sentence) {
    damage(
        "progress.json", [&](Json& j) { j[key] = value; }, str_cat("progress.json, key \"", key, "\": ", sentence));
  };
  progress("epoch", 1.5, "got a value of the wrong type, number");
  progress("epoch", 7, "expected the epoch of 1.3 as trainer_state.json has it, got 7");
  progress("batches_done", -3, "expected 0 or more, got -3");
  progress("batches_done", 11, "expected at most 10, the batches of an epoch of 37 rows, got 11");
  progress("micro_batch", 1, "expected at least batches_done, 3, got 1");
  progress("micro_batch", 4, "expected at least global_step, 5 as trainer_state.json has it, got 4");
  progress("micro_batch", -4, "got a value of the wrong type, number");
  progress("train_rows", 0, "expected 1 or more, got 0");
  progress("per_device_train_batch_size", -1, "expected 1 or more, got -1");
  progress("gradient_accumulation_steps", 0, "expected 1 or more, got 0");
  progress("last_logged_step", 6, "expected at most global_step, 5 as trainer_state.json has it, got 6");
  progress("last_logged_step", -1, "expected 0 or more, got -1");
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  progress("loss_since_log", nan, "expected a finite number, got nan");
  progress("loss_logged", infinity, "expected a finite number, got inf");
  progress("learning_rate", nan, "expected a finite number, got nan");
  progress("learning_rate", -1e-3, "expected 0 or more, got -0.001");
  progress("grad_norm", -1.0, "expected NaN or a finite number of 0 or more, got -1");
  progress("epoch_ended", "no", "got a value of the wrong type, string");
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
  const auto state = [&](const char* key, const Json& value, const std::string& sentence) {
    damage(
        "trainer_state.json", [&](Json& j) { j[key] = value; },
        str_cat("trainer_state.json, key \"", key, "\": ", sentence));
  };
  state("global_step", -1, "expected 0 or more, got -1");
  state("global_step", 5.5, "got a value of the wrong type, number");
  state("epoch", nan, "expected a finite number of 0 or more, got nan");
  state("total_flos", -1.0, "expected a finite number of 0 or more, got -1");
  state("best_global_step", 6, "expected 0 to global_step, 5, got 6");
  state("log_history", Json::array({1}), "expected a list of objects, got number");
  state("stateful_callbacks", Json::array(), "expected an object, got array");
  std::filesystem::remove(checkpoint / "checksums.xxh64");  // as in checkpoints of version 0.1
  std::vector<float> values(20 * 8);
  const auto moments = [&](const Shape& shape) {
    const std::vector<SafetensorView> tensors{safetensor_view<float>("embedding.weight.exp_avg", shape, values)};
    write_safetensors(checkpoint / "optimizer.safetensors", tensors);
  };
  moments({8, 20});
  TL_REQUIRE_ERROR(resumed(),
                   "optimizer.safetensors, tensor embedding.weight.exp_avg: expected shape [20, 8], got [8, 20]");
  const std::vector<std::int32_t> integers(values.size());
  write_safetensors(checkpoint / "optimizer.safetensors", std::vector<SafetensorView>{safetensor_view<std::int32_t>(
                                                              "embedding.weight.exp_avg", {20, 8}, integers)});
  TL_REQUIRE_ERROR(resumed(), (checkpoint / "optimizer.safetensors").string() +
                                  ", tensor embedding.weight.exp_avg: expected F64, F32, F16 or BF16, got I32");
  moments({20, 8});
  TL_REQUIRE_ERROR(resumed(), "embedding.weight.exp_avg_sq");
  values[7] = std::numeric_limits<float>::infinity();
  moments({20, 8});
  TL_REQUIRE_ERROR(resumed(), "tensor embedding.weight.exp_avg: expected finite values, got one that is not");
}

TEST_CASE("resume: a flipped bit in any file of a checkpoint is found") {
  const TemporaryFolder folder;
  run(folder / "out", base);
  const auto checkpoint = folder / "out/checkpoint-5";
  const auto flip = [&](const char* name, std::size_t from_end) {
    std::string text = read_text(checkpoint / name);
    text[text.size() - from_end] = static_cast<char>(text[text.size() - from_end] ^ 1);
    write_file(checkpoint / name, text);
  };
  for (const char* name : {"model.safetensors", "optimizer.safetensors"}) {
    flip(name, 40);  // the lowest bit of a value
    TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-5"),
                     (checkpoint / name).string() + ": expected the checksum ");
    flip(name, 40);
  }
  write_file(checkpoint / "rng.json", read_text(checkpoint / "rng.json") + "\n");
  TL_REQUIRE_ERROR(run(folder / "out", base, "checkpoint-5"),
                   "the file is damaged; if it was changed on purpose, remove its line from " +
                       (checkpoint / "checksums.xxh64").string());
  std::string lines = read_text(checkpoint / "checksums.xxh64");
  const std::size_t line = lines.rfind('\n', lines.find("  rng.json")) + 1;
  lines.erase(line, lines.find('\n', line) + 1 - line);
  write_file(checkpoint / "checksums.xxh64", lines);
  CHECK_NOTHROW(run(folder / "out", base, "checkpoint-5"));
  write_file(checkpoint / "checksums.xxh64", "0123456789abcdef *not_there.bin\n");  // xxhsum may write it so
  CHECK_NOTHROW(tl::detail::verify_checksums(checkpoint));
  for (const auto& [text, sentence] :
       {std::pair("0123456789abcde", "line 1: expected 16 hexadecimal digits, two blanks and a file name"),
        std::pair("0123456789abcdeF  a\n", "line 1: expected 16"), std::pair("\n", "line 1: expected 16"),
        std::pair("0123456789abcdef  a\n0123456789abcdef  ../a\n",
                  "line 2: expected the name of a file of this folder")}) {
    write_file(checkpoint / "checksums.xxh64", text);
    TL_REQUIRE_ERROR(tl::detail::verify_checksums(checkpoint), sentence);
  }
}

TEST_CASE("resume: save_only_model leaves the rest out") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.save_only_model = true;
  run(folder / "out", args);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "out/checkpoint-5"))
    names.insert(entry.path().filename().string());
  CHECK(names ==
        std::set<std::string>{"checksums.xxh64", "model.safetensors", "trainer_state.json", "training_args.json"});
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
  CHECK(tl::detail::checkpoint_number("x/checkpoint-12") == 12);
  for (const char* name : {"checkpoint-", "checkpoint-1x", "checkpoint--1", "check-1", ".checkpoint-1.partial"})
    CHECK_FALSE(tl::detail::checkpoint_number(name));
  const TemporaryFolder folder;
  const auto make = [&](const std::string& name) {
    std::filesystem::create_directory(folder / name);
    write_file(folder / name / "trainer_state.json", "{}");
  };
  for (const int n : {5, 10, 100}) make("checkpoint-" + std::to_string(n));
  write_file(folder / "checkpoint-7", "not a folder");
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& path : tl::detail::sorted_checkpoints(folder.path())) found.push_back(path.filename().string());
    return found;
  };
  const auto rotate = [&](std::int64_t limit, const std::optional<std::string>& best, std::int64_t newest) {
    CHECK(tl::detail::rotate_checkpoints(folder.path(), limit, best, newest).empty());
    return names();
  };
  using Names = std::vector<std::string>;
  CHECK(names() == Names{"checkpoint-5", "checkpoint-10", "checkpoint-100"});
  CHECK(tl::detail::last_checkpoint(folder.path()).filename() == "checkpoint-100");
  // clocks do not count: a checkpoint of an earlier, longer run is older in spite of its number, as is one of this run
  // whose time is in the future
  std::filesystem::last_write_time(folder / "checkpoint-5",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK(rotate(3, {}, 10).size() == 3);
  CHECK(rotate(2, (folder / "checkpoint-100").string(), 10) == Names{"checkpoint-10", "checkpoint-100"});
  CHECK(rotate(1, (folder / "checkpoint-100").string(), 10).size() == 2);
  make("checkpoint-5");
  CHECK(rotate(2, {}, 10) == Names{"checkpoint-5", "checkpoint-10"});
  CHECK(rotate(1, {}, 5) == Names{"checkpoint-5"});
  // what carries no file of ours is neither counted nor deleted
  std::filesystem::create_directory(folder / "checkpoint-4");
  write_file(folder / "checkpoint-4/mine.txt", "mine");
  CHECK(rotate(1, {}, 5) == Names{"checkpoint-4", "checkpoint-5"});
  CHECK_FALSE(std::filesystem::exists(folder / ".checkpoint-4.partial"));
}

TEST_CASE("checkpoints: one that cannot be deleted is a sentence, not an error") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(tl::detail::last_checkpoint(folder.path()), "expected a folder checkpoint-N in ");
  CHECK(tl::detail::remove_checkpoint(folder / "checkpoint-3") ==
        "cannot delete " + (folder / "checkpoint-3").string() + ": No such file or directory");
  CHECK(tl::detail::remove_checkpoint(folder / "none/checkpoint-3").find("cannot delete ") == 0);
  // /proc is a folder in which not even root can rename
  CHECK(tl::detail::remove_checkpoint("/proc/self").find("cannot delete /proc/self: ") == 0);
}

namespace {

/// What was warned of, in order.
class Warnings : public TrainerCallback {
 public:
  std::vector<std::string> sentences;
  void on_warning(const TrainerEvent& event) override { sentences.emplace_back(event.warning); }
};

// Arguments under which checkpoints 4, 8 and 12 are written and the best one is checkpoint-4: the loss rises.
TrainingArguments with_best(const std::filesystem::path& folder) {
  TrainingArguments args = base;
  args.output_dir = folder.string();
  args.save_strategy = IntervalStrategy::epoch;
  args.load_best_model_at_end = true;
  args.metric_for_best_model = "epoch_number";
  args.greater_is_better = false;
  return args;
}

// The metric is the number of the evaluation, so that the first is the best.
TrainerOptions counting_options(std::vector<std::shared_ptr<TrainerCallback>> callbacks, double first = 0.0) {
  TrainerOptions options = options_with(std::move(callbacks));
  options.compute_metrics = [number = first](const EvalPrediction&) mutable {
    number += 1.0;
    return Metrics{{"epoch_number", number}};
  };
  return options;
}

struct Resumed {
  std::vector<float> weights;
  std::vector<std::string> warnings;
  TrainerState state;
};

Resumed run_with_best(const TrainingArguments& args, const ResumeFrom& from, double evaluations = 0.0) {
  ToyModel model(0.3, 5);
  const auto warnings = std::make_shared<Warnings>();
  Trainer trainer(model, args, counting_options({warnings}, evaluations));
  trainer.train(from);
  return {model.values(), warnings->sentences, trainer.state()};
}

}  // namespace

TEST_CASE("resume: the best checkpoint was removed") {
  const TemporaryFolder folder;
  const TrainingArguments args = with_best(folder / "out");
  CHECK(run_with_best(args, {}).state.best_global_step == 4);
  std::filesystem::remove_all(folder / "out/checkpoint-4");
  std::filesystem::remove_all(folder / "out/checkpoint-12");
  const Resumed resumed = run_with_best(args, true, 2.0);
  REQUIRE(resumed.warnings.size() == 1);
  CHECK(resumed.warnings[0] == "the best checkpoint of this run, " + (folder / "out/checkpoint-4").string() +
                                   ", cannot be used (" + (folder / "out/checkpoint-4").string() +
                                   " is not there); there is no best one until the next evaluation");
  CHECK(resumed.state.best_global_step == 12);
  CHECK(resumed.state.best_metric == 3.0);
  CHECK(resumed.state.best_model_checkpoint == (folder / "out/checkpoint-12").string());
}

TEST_CASE("resume: only the last checkpoint was copied, or the whole folder") {
  const TemporaryFolder folder;
  const TrainingArguments args = with_best(folder / "out");
  const Resumed whole = run_with_best(args, {});
  std::filesystem::create_directory(folder / "copy");
  std::filesystem::copy(folder / "out/checkpoint-8", folder / "copy/checkpoint-8",
                        std::filesystem::copy_options::recursive);
  std::filesystem::rename(folder / "out", folder / "moved");
  std::filesystem::remove_all(folder / "moved/checkpoint-12");
  const Resumed copied = run_with_best(with_best(folder / "copy"), true, 2.0);
  CHECK(copied.warnings.size() == 1);
  CHECK(copied.state.best_global_step == 12);
  const Resumed moved = run_with_best(with_best(folder / "moved"), true, 2.0);
  CHECK(moved.warnings.empty());
  CHECK(moved.state.best_model_checkpoint == (folder / "moved/checkpoint-4").string());
  CHECK(moved.weights == whole.weights);
  // the run goes on elsewhere, the best one is still beside the checkpoint it comes from
  const Resumed elsewhere = run_with_best(with_best(folder / "new"), folder / "moved/checkpoint-8", 2.0);
  CHECK(elsewhere.warnings.empty());
  CHECK(elsewhere.weights == whole.weights);
}

TEST_CASE("resume: the best checkpoint is damaged, or another one of its name") {
  const TemporaryFolder folder;
  const TrainingArguments args = with_best(folder / "out");
  run_with_best(args, {});
  std::filesystem::remove_all(folder / "out/checkpoint-12");
  const auto best = folder / "out/checkpoint-4";
  std::filesystem::resize_file(best / "model.safetensors", 100);
  const Resumed cut = run_with_best(args, true, 2.0);
  REQUIRE(cut.warnings.size() == 1);
  CHECK(cut.warnings[0].find("model.safetensors") != std::string::npos);
  CHECK(cut.state.best_global_step == 12);
  std::filesystem::remove_all(best);
  std::filesystem::copy(folder / "out/checkpoint-8", best, std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(folder / "out/checkpoint-12");
  const Resumed other = run_with_best(args, true, 2.0);
  REQUIRE(other.warnings.size() == 1);
  CHECK(other.warnings[0].find("expected the checkpoint of step 4, got that of step 8") != std::string::npos);
}

TEST_CASE("train: the best checkpoint vanishes during the run") {
  struct Remover : TrainerCallback {
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 11) std::filesystem::remove_all(*event.state.best_model_checkpoint);
    }
  };
  const TemporaryFolder folder;
  TrainingArguments args = with_best(folder / "out");
  args.save_total_limit = 1;
  ToyModel model;
  const auto warnings = std::make_shared<Warnings>();
  Trainer trainer(model, args, counting_options({warnings, std::make_shared<Remover>()}));
  trainer.train();
  REQUIRE(warnings->sentences.size() == 1);
  CHECK(warnings->sentences[0] == "load_best_model_at_end: the best checkpoint, " +
                                      (folder / "out/checkpoint-4").string() + ", cannot be loaded (" +
                                      (folder / "out/checkpoint-4").string() +
                                      " is not there); the model has the weights of step 12");
  CHECK(std::filesystem::exists(folder / "out/checkpoint-12"));
  ToyModel last;
  last.load_weights(folder / "out/checkpoint-12");
  CHECK(model.values() == last.values());
}

TEST_CASE("train: a best checkpoint that breaks while it is loaded leaves the last weights") {
  struct Breaker : TrainerCallback {
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step != 11) return;
      const SafetensorsReader whole(*event.state.best_model_checkpoint);
      std::vector<SafetensorView> tensors(whole.tensors());
      tensors.pop_back();
      write_safetensors(std::filesystem::path(*event.state.best_model_checkpoint) / "model.safetensors", tensors);
    }
  };
  const TemporaryFolder folder;
  ToyModel model;
  const auto warnings = std::make_shared<Warnings>();
  Trainer trainer(model, with_best(folder / "out"), counting_options({warnings, std::make_shared<Breaker>()}));
  trainer.train();
  REQUIRE(warnings->sentences.size() == 1);
  ToyModel last;
  last.load_weights(folder / "out/checkpoint-12");
  CHECK(model.values() == last.values());
}

TEST_CASE("resume: true takes the newest sound checkpoint and names those it passes over") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  const Outcome whole = run(folder / "out", args);
  args.output_dir = (folder / "out").string();
  std::filesystem::remove(folder / "out/checkpoint-12/optimizer.safetensors");
  std::filesystem::resize_file(folder / "out/checkpoint-11/model.safetensors", 100);
  write_file(folder / "out/checkpoint-10/progress.json", "{");
  std::filesystem::create_directory(folder / "out/checkpoint-99");
  write_file(folder / "out/checkpoint-99/notes.txt", "mine");
  ToyModel model(0.3, 7);
  const auto warnings = std::make_shared<Warnings>();
  Trainer trainer(model, args, options_with({warnings, std::make_shared<EarlyStoppingCallback>(50)}));
  trainer.train(true);
  CHECK(model.values() == whole.weights);
  REQUIRE(warnings->sentences.size() == 1);
  for (const std::string& part :
       {"resume_from_checkpoint: going on from " + (folder / "out/checkpoint-9").string() + "; passed over ",
        std::string("checkpoint-99: cannot resume from "), std::string("missing trainer_state.json, progress.json"),
        std::string("checkpoint-12: cannot resume from "), std::string("missing optimizer.safetensors"),
        std::string("checkpoint-11: "), std::string("checkpoint-10: ")}) {
    INFO(part << " in " << warnings->sentences[0]);
    CHECK(warnings->sentences[0].find(part) != std::string::npos);
  }
  CHECK(read_text(folder / "out/checkpoint-99/notes.txt") == "mine");
}

TEST_CASE("resume: true with damaged checkpoints alone is refused") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.save_strategy = IntervalStrategy::epoch;
  run(folder / "out", args);
  for (const int step : {4, 8, 12}) std::filesystem::remove(folder / "out" / str_cat("checkpoint-", step) / "rng.json");
  args.output_dir = (folder / "out").string();
  ToyModel model;
  Trainer trainer(model, args, options_with({}));
  TL_REQUIRE_ERROR(trainer.train(true), "resume_from_checkpoint: expected a whole checkpoint in " + args.output_dir +
                                            ", there is none: checkpoint-12: cannot resume from " +
                                            (folder / "out/checkpoint-12").string() + ": missing rng.json");
}

namespace {

/// Asks for the interruption in the given step, or in the evaluation after it.
class AskAt : public TrainerCallback {
 public:
  AskAt(std::atomic<int>& request, std::int64_t step, bool in_evaluation)
      : request_(request), step_(step), in_evaluation_(in_evaluation) {}
  void on_step_begin(const TrainerEvent& event) override {
    if (!in_evaluation_ && event.state.global_step + 1 == step_) request_ = 2;
  }
  void on_prediction_step(const TrainerEvent& event) override {
    if (in_evaluation_ && event.state.global_step == step_) request_ = 2;
  }

 private:
  std::atomic<int>& request_;
  std::int64_t step_;
  bool in_evaluation_;
};

void check_interruptions(const TrainingArguments& given, std::int64_t steps) {
  const TemporaryFolder folder;
  const Outcome whole = run(folder / "whole", given);
  TrainingArguments args = given;
  for (std::int64_t step = 1; step <= steps; ++step)
    for (const bool in_evaluation : {false, true}) {
      INFO("step " << step << (in_evaluation ? ", in the evaluation after it" : ""));
      const auto out = folder / str_cat("out-", step, in_evaluation ? "e" : "s");
      args.output_dir = out.string();
      std::atomic<int> request{0};
      ToyModel model(0.3, 1);
      Trainer first(
          model, args,
          options_with({std::make_shared<AskAt>(request, step, in_evaluation),
                        std::make_shared<InterruptCallback>(request), std::make_shared<EarlyStoppingCallback>(50)}));
      const TrainOutput output = first.train();
      if (request == 0) continue;  // there is no evaluation after this step
      CHECK(output.interrupted);
      CHECK(output.global_step == step);
      CHECK(std::filesystem::exists(out / str_cat("checkpoint-", step)));
      const Outcome resumed = run(out, args, str_cat("checkpoint-", step));
      CHECK(resumed.weights == whole.weights);
      CHECK(resumed.log == whole.log);
      CHECK(resumed.training_loss == whole.training_loss);
    }
}

}  // namespace

TEST_CASE("interrupt: a run goes on as if there had been none") {
  TrainingArguments args = base;
  args.save_strategy = IntervalStrategy::epoch;
  check_interruptions(args, 12);
  args.eval_strategy = IntervalStrategy::steps;
  args.eval_steps = 2;
  args.save_strategy = IntervalStrategy::best;
  check_interruptions(args, 12);
}

TEST_CASE("interrupt: no checkpoint where none are wanted, and older ones stay") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.save_strategy = IntervalStrategy::no;
  args.output_dir = (folder / "none").string();
  std::atomic<int> request{15};
  {
    ToyModel model;
    Trainer trainer(model, args, options_with({std::make_shared<InterruptCallback>(request)}));
    const TrainOutput output = trainer.train();
    CHECK(output.interrupted);
    CHECK(output.global_step == 1);
    CHECK_FALSE(std::filesystem::exists(folder / "none"));
    request = 0;
    CHECK_FALSE(trainer.train().interrupted);
  }
  // save_total_limit = 1 leaves the best one alone at the end of a run, but not where it was interrupted
  args = with_best(folder / "best");
  args.save_total_limit = 1;
  ToyModel model;
  Trainer trainer(
      model, args,
      counting_options({std::make_shared<AskAt>(request, 6, false), std::make_shared<InterruptCallback>(request)}));
  CHECK(trainer.train().interrupted);
  CHECK(std::filesystem::exists(folder / "best/checkpoint-4"));
  CHECK(std::filesystem::exists(folder / "best/checkpoint-6"));
  CHECK_FALSE(trainer.state().log_history.back().contains("train_runtime"));  // no totals of a run that has not ended
}

TEST_CASE("train: an evaluation that ends the run saves what was trained") {
  const TemporaryFolder folder;
  TrainingArguments args = base;
  args.save_strategy = IntervalStrategy::no;
  args.metric_for_best_model = "f1";
  args.output_dir = (folder / "out").string();
  {
    ToyModel model(0.3, 1);
    Trainer trainer(model, args, options_with({}));
    TL_REQUIRE_ERROR(trainer.train(),
                     "metric_for_best_model: expected a metric of the evaluation, got eval_f1; there are: eval_loss, "
                     "eval_accuracy, eval_runtime, eval_samples_per_second, eval_steps_per_second, epoch; what was "
                     "trained so far is in " +
                         (folder / "out/checkpoint-4").string());
    ToyModel saved(0.3, 2);
    saved.load_weights(folder / "out/checkpoint-4");
    CHECK(saved.values() == model.values());
  }
  args.metric_for_best_model = "accuracy";
  const Outcome resumed = run(folder / "out", args, "checkpoint-4");
  CHECK(resumed.weights == run(folder / "whole", args).weights);
  // an error that is not of the library stays what it is
  ToyModel model;
  const auto warnings = std::make_shared<Warnings>();
  TrainerOptions options = options_with({warnings});
  options.compute_metrics = [](const EvalPrediction&) -> Metrics { throw std::out_of_range("map::at"); };
  Trainer trainer(model, args, std::move(options));
  CHECK_THROWS_AS(trainer.train(), std::out_of_range);
  REQUIRE(warnings->sentences.size() == 1);
  CHECK(warnings->sentences[0] == "the evaluation after step 4 ended with an error; what was trained so far is in " +
                                      (folder / "out/checkpoint-4").string());
  std::filesystem::remove_all(folder / "out");
  write_file(folder / "out", "a file");
  TL_REQUIRE_ERROR(
      [&] {
        args.metric_for_best_model = "f1";
        ToyModel other;
        Trainer again(other, args, options_with({}));
        again.train();
      }(),
      "what was trained could not be saved: output_dir: cannot make the folder ");
}

TEST_CASE("resume: frozen parameters keep their bits, and the same ones must be frozen") {
  const TemporaryFolder folder;
  const auto train = [&](const std::string& frozen, const std::string& checkpoint) {
    TrainingArguments args = base;
    args.output_dir = (folder / "out").string();
    ToyModel model(0.3);
    if (!frozen.empty()) model.parameters().freeze(frozen);
    const auto before = model.parameters().at("embedding.weight").value().to_vector();
    Trainer trainer(model, args, options_with({}));
    if (checkpoint.empty()) trainer.train();
    else trainer.train(folder / "out" / checkpoint);
    std::vector<float> values = model.parameters().at("embedding.weight").value().to_vector();
    if (!frozen.empty()) CHECK(values == before);
    for (const float value : model.parameters().at("output.weight").value().span()) values.push_back(value);
    return values;
  };
  const auto whole = train("embedding", "");
  const SafetensorsReader moments(folder / "out/checkpoint-5/optimizer.safetensors");
  CHECK(moments.find("embedding.weight.exp_avg") == nullptr);
  CHECK(moments.find("output.weight.exp_avg") != nullptr);
  CHECK(train("embedding", "checkpoint-5") == whole);
  TL_REQUIRE_ERROR(train("", "checkpoint-5"),
                   "checkpoint-5: expected the same parameters to be frozen as when it was written, got frozen then "
                   "and trained now: embedding");
  TL_REQUIRE_ERROR(train("output", "checkpoint-5"),
                   "got frozen then and trained now: embedding; trained then and frozen now: output");
}
