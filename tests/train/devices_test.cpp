// The Trainer on a device: evaluation, best model, checkpoints that go on
// elsewhere, and every kind of problem give the CPU's bits.
#include <cstdlib>

#include <tl/models/auto_model.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;

namespace {

using DeviceIds = std::vector<std::vector<std::int32_t>>;

DeviceIds device_ids(std::int64_t rows, std::int64_t shift) {
  DeviceIds ids;
  for (std::int64_t i = 0; i < rows; ++i) {
    auto& row = ids.emplace_back();
    for (std::int64_t t = 0; t < 3 + (i * 5 + shift) % 7; ++t)
      row.push_back(static_cast<std::int32_t>(4 + (i * 3 + t * 7 + shift) % 40));
  }
  return ids;
}

/// Rows with one of three classes.
Dataset class_rows(std::int64_t rows, std::int64_t shift) {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < rows; ++i) labels.push_back((i + shift) % 3);
  return Dataset::from_columns({{"input_ids", device_ids(rows, shift)}, {"label", labels}});
}

DistilBertConfig small_distilbert() {
  return DistilBertConfig::from_pretrained(test::reference_file("tiny_distilbert"));
}

BertConfig small_bert() {
  BertConfig config;
  config.vocab_size = 50;
  config.hidden_size = 16;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 2;
  config.intermediate_size = 24;
  config.max_position_embeddings = 24;
  config.set_num_labels(3);
  return config;
}

/// What runs on a device and on the CPU.
struct DeviceCase {
  std::function<std::unique_ptr<Model>(Mt19937&)> make = [](Mt19937& generator) {
    return std::make_unique<DistilBertForSequenceClassification>(small_distilbert(), generator);
  };
  Dataset train = class_rows(22, 0), eval = class_rows(9, 1);
  TrainingArguments args{.num_train_epochs = 2,
                         .per_device_train_batch_size = 4,
                         .per_device_eval_batch_size = 4,
                         .learning_rate = 1e-3,
                         .weight_decay = 0.1,
                         .eval_strategy = "epoch",
                         .save_strategy = "no",
                         .logging_steps = 2,
                         .disable_tqdm = true};
  ComputeMetrics metrics{};
};

struct DeviceOutcome {
  std::vector<float> weights, predictions;
  std::vector<std::string> log;  // keys are sorted, as a checkpoint sorts them

  friend bool operator==(const DeviceOutcome&, const DeviceOutcome&) = default;
};

/// Trains on `device` and predicts; in `folder`, from a checkpoint of it if one
/// is named.
DeviceOutcome device_outcome(const DeviceCase& what, Device device, const std::filesystem::path& folder,
                             const std::string& checkpoint = {}) {
  Mt19937 generator(checkpoint.empty() ? 11 : 12);
  const auto model = what.make(generator);
  TrainingArguments args = what.args;
  args.output_dir = folder.string();
  args.use_cpu = device == cpu_device;
  TrainerOptions options{.train_dataset = what.train, .eval_dataset = what.eval, .console = silent_console()};
  if (what.metrics) options.compute_metrics = what.metrics;
  Trainer trainer(*model, args, std::move(options));
  CHECK(model->device() == device);
  (void)(checkpoint.empty() ? trainer.train() : trainer.train(folder / checkpoint));
  CHECK(model->device() == device);
  DeviceOutcome outcome;
  outcome.weights = model->parameters().values().to_vector();
  outcome.predictions = trainer.predict(what.eval).predictions.to_vector();
  for (Json entry : trainer.state().log_history) {
    for (const char* prefix : {"train", "eval"})
      for (const char* time : {"_runtime", "_samples_per_second", "_steps_per_second"})
        entry.erase(std::string(prefix) + time);
    outcome.log.push_back(dump_json(entry, {.indent = -1}));
  }
  return outcome;
}

void check_like_cpu(const DeviceCase& what) {
  const test::TemporaryFolder folder;
  const DeviceOutcome expected = device_outcome(what, cpu_device, folder / "cpu");
  CHECK(device_outcome(what, cuda_device, folder / "cuda") == expected);
  CHECK(expected.log.size() > 3);
}

}  // namespace

TEST_CASE("devices: evaluation with metrics, and the best model at the end") {
  const test::LockedDevice device;
  DeviceCase what;
  what.metrics = [](const EvalPrediction& p) { return Metrics{{"accuracy", accuracy(p)}}; };
  check_like_cpu(what);
  what.args.save_strategy = "epoch";
  what.args.load_best_model_at_end = true;
  what.args.num_train_epochs = 3;
  what.args.learning_rate = 0.05;  // the best one is not the last
  check_like_cpu(what);
}

TEST_CASE(
    "devices: a checkpoint goes on where another device wrote it, to the "
    "bit of the run without a break") {
  const test::LockedDevice device;
  DeviceCase what;
  what.args.save_strategy = "steps";
  what.args.eval_strategy = "no";
  what.args.save_steps = 5;
  what.args.max_steps = 10;
  const test::TemporaryFolder folder;
  const DeviceOutcome whole = device_outcome(what, cpu_device, folder / "cpu");
  CHECK(device_outcome(what, cuda_device, folder / "cuda") == whole);
  for (const char* name : {"model.safetensors", "optimizer.safetensors"}) {
    INFO(name);
    const auto bytes = [&](const char* where) { return test::read_text(folder / where / "checkpoint-5" / name); };
    CHECK(bytes("cuda") == bytes("cpu"));
  }
  CHECK(device_outcome(what, cuda_device, folder / "cpu", "checkpoint-5") == whole);
  CHECK(device_outcome(what, cpu_device, folder / "cuda", "checkpoint-5") == whole);
  CHECK(device_outcome(what, cuda_device, folder / "cuda", "checkpoint-5") == whole);
}

TEST_CASE("devices: tokens with a class each") {
  const test::LockedDevice device;
  const auto rows = [](std::int64_t count, std::int64_t shift) {
    DeviceIds labels = device_ids(count, shift);
    for (auto& row : labels)
      for (auto& label : row) label = label % 5 == 0 ? -100 : label % 3;
    return Dataset::from_columns({{"input_ids", device_ids(count, shift)}, {"labels", labels}});
  };
  DeviceCase what{.train = rows(22, 0), .eval = rows(9, 1)};
  what.make = [](Mt19937& generator) {
    return std::make_unique<DistilBertForTokenClassification>(small_distilbert(), generator);
  };
  what.args.gradient_accumulation_steps = 2;
  check_like_cpu(what);
}

TEST_CASE("devices: BERT, in fp32 and in the CPU's bf16") {
  const test::LockedDevice device;
  for (const bool bf16 : {false, true}) {
    DeviceCase what;
    what.make = [](Mt19937& generator) {
      return std::make_unique<BertForSequenceClassification>(small_bert(), generator);
    };
    what.args.bf16 = bf16;
    check_like_cpu(what);
  }
}

TEST_CASE(
    "devices: class weights, several labels, regression, and long texts "
    "in windows") {
  const test::LockedDevice device;
  DeviceCase weighted;
  weighted.args.class_weights = "balanced";
  check_like_cpu(weighted);

  const auto several = [](std::int64_t count, std::int64_t shift) {
    std::vector<std::vector<float>> labels;
    for (std::int64_t i = 0; i < count; ++i)
      labels.push_back({static_cast<float>((i + shift) % 2), 1.0F, static_cast<float>(i % 3 == 0)});
    return Dataset::from_columns({{"input_ids", device_ids(count, shift)}, {"labels", labels}});
  };
  DeviceCase labels{.train = several(22, 0), .eval = several(9, 1)};
  labels.make = [](Mt19937& generator) {
    DistilBertConfig config = small_distilbert();
    config.problem_type = "multi_label_classification";
    return std::make_unique<DistilBertForSequenceClassification>(config, generator);
  };
  labels.args.pos_weight = "1,2,3";
  check_like_cpu(labels);

  DeviceCase numbers;  // class ids are numbers for a model with one label
  numbers.make = [](Mt19937& generator) {
    DistilBertConfig config = small_distilbert();
    config.problem_type.reset();
    config.set_num_labels(1);
    return std::make_unique<DistilBertForSequenceClassification>(config, generator);
  };
  check_like_cpu(numbers);

  const auto windows = [](std::int64_t count, std::int64_t shift) {
    const DeviceIds ids = device_ids(count, shift);
    DeviceIds lengths;
    std::vector<std::int64_t> classes;
    for (const auto& row : ids) {
      const auto size = static_cast<std::int32_t>(row.size());
      lengths.push_back(size > 5 ? std::vector{size - 3, 3} : std::vector{size});
      classes.push_back(size % 3);
    }
    return Dataset::from_columns({{"input_ids", ids}, {"window_lengths", lengths}, {"label", classes}});
  };
  DeviceCase texts{.train = windows(22, 0), .eval = windows(9, 1)};
  check_like_cpu(texts);
}

TEST_CASE(
    "devices: the Trainer takes the device of the process, unless "
    "use_cpu is set") {
  const test::TemporaryFolder folder;
  Mt19937 generator(1);
  DistilBertForSequenceClassification model(small_distilbert(), generator);
  const auto placed = [&](bool use_cpu, bool bf16 = false) {
    const Trainer trainer(model, {.output_dir = (folder / "out").string(), .bf16 = bf16, .use_cpu = use_cpu},
                          {.console = silent_console()});
    return model.device();
  };
  CHECK(placed(false) == cpu_device);
  const test::LockedDevice device;
  CHECK(placed(false) == cuda_device);
  CHECK(placed(true) == cpu_device);
  setenv("TL_DEVICE", "cpu", 1);
  CHECK(placed(false) == cpu_device);
  setenv("TL_DEVICE", "gpu", 1);
  CHECK(placed(true) == cpu_device);
  TL_REQUIRE_ERROR(placed(false), "TL_DEVICE: expected a device, cpu, cuda or cuda:0, got gpu");
  unsetenv("TL_DEVICE");
  cuda_backend.multiplies_in = nullptr;
  TL_REQUIRE_ERROR(placed(false, true), "bf16: expected f32 on cuda:0, which does not multiply in bfloat16, got bf16");
  CHECK(model.device() == cpu_device);
  CHECK(placed(true, true) == cpu_device);
}
