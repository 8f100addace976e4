// A short run of a small DistilBERT with dropout, on the CPU and on the locked device, and what is compared of it.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <tl/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"

namespace tl::test {

/// `count` rows of token ids with two labels; all of `length` tokens, or of 3 to 9.
inline Dataset device_rows(std::int64_t count, std::int64_t length = 0) {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    auto& row = ids.emplace_back(std::vector<std::int32_t>{2});
    const std::int64_t tokens = length ? length : 3 + i * 5 % 7;
    while (static_cast<std::int64_t>(row.size()) < tokens)
      row.push_back(static_cast<std::int32_t>(4 + (i * 3 + static_cast<std::int64_t>(row.size()) * 7) % 8));
    labels.push_back(i * i % 3 == 0);
  }
  return Dataset::from_columns({{"text", std::vector<std::string>(static_cast<std::size_t>(count), "words")},
                                {"input_ids", ids},
                                {"label", labels}});
}

/// What a run leaves.
struct RunResult {
  std::vector<float> weights;
  std::vector<Json> log;
  double loss = 0.0;
  friend bool operator==(const RunResult&, const RunResult&) = default;
};

/// How a run ends that fails.
struct RunFailure {
  std::string sentence;
  std::vector<float> weights;
  std::int64_t steps = 0;
};

/// The same run on any device.
struct DeviceRun {
  TrainingArguments args{};
  TrainerOptions options{};
  std::string freeze{};
  Dataset rows = device_rows(22);

  DeviceRun() {
    args.per_device_train_batch_size = 4;
    args.num_train_epochs = 2;
    args.learning_rate = 1e-3;
    args.weight_decay = 0.1;
    args.logging_steps = 3;
    args.save_strategy = "no";
    args.disable_tqdm = true;
  }

  RunResult on_cpu() const { return run(true); }
  RunResult on_gpu() const { return run(false); }
  RunFailure failure_on_cpu() const { return failure(true); }
  RunFailure failure_on_gpu() const { return failure(false); }

 private:
  static constexpr const char* folder = "pipeline";

  DistilBertForSequenceClassification model() const {
    auto made = DistilBertForSequenceClassification::from_pretrained(reference_file(folder));
    if (!freeze.empty()) made.parameters().freeze(freeze);
    return made;
  }

  Trainer trainer(DistilBertForSequenceClassification& model, const std::filesystem::path& output, bool cpu) const {
    TrainingArguments its = args;
    its.output_dir = output.string();
    its.use_cpu = cpu;
    TrainerOptions chosen = options;
    chosen.train_dataset = rows;
    chosen.console = silent_console();
    return Trainer(model, its, std::move(chosen));
  }

  RunResult run(bool cpu) const {
    const TemporaryFolder output;
    auto trained = model();
    Trainer its = trainer(trained, output / "out", cpu);
    RunResult result;
    result.loss = its.train().training_loss;
    result.weights = trained.parameters().values().to_vector();
    for (Json entry : its.state().log_history) {
      for (const char* time : {"train_runtime", "train_samples_per_second", "train_steps_per_second", "eval_runtime",
                               "eval_samples_per_second", "eval_steps_per_second"})
        entry.erase(time);
      result.log.push_back(std::move(entry));
    }
    return result;
  }

  RunFailure failure(bool cpu) const {
    const TemporaryFolder output;
    auto trained = model();
    Trainer its = trainer(trained, output / "out", cpu);
    RunFailure result;
    result.sentence = error_of([&] { its.train(); });
    result.weights = trained.parameters().values().to_vector();
    result.steps = its.state().global_step;
    return result;
  }
};

}  // namespace tl::test
