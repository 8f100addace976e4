// The notebook's job on the CPU and on the locked device (tests/support/locked_device.hpp): the weights after every
// update are compared, and what each update asks of the device is counted. Last line of the output:
//
//   U updates equal to the CPU bit for bit; W waits, C copies, F fills, A allocations per step
//
// with the largest counts of a step in the second half of a run, evaluations and log entries left out.
// Usage: tl_locked_device_run [--model FOLDER --data FOLDER] [--bf16]; see locked_device.sh.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/io/checksum.hpp>
#include <tl/trainer.hpp>

#include "support/locked_device.hpp"
#include "support/temporary_folder.hpp"

namespace {

using tl::test::DeviceCounts;
using tl::test::LockedMemory;

struct Job {
  std::filesystem::path model, data;
  std::int64_t train_rows, eval_rows, length;
  bool bf16 = false;
};

struct Update {
  std::uint64_t weights = 0;  // their checksum
  DeviceCounts asked;
};

/// Looks at the model after each update.
class Recorder : public tl::TrainerCallback {
 public:
  explicit Recorder(const tl::Model& model) : model_(model) {}

  void on_step_begin(const tl::TrainerEvent&) override { before_ = LockedMemory::instance().counts(); }
  void on_step_end(const tl::TrainerEvent&) override {
    const DeviceCounts asked = LockedMemory::instance().counts() - before_;
    const std::vector<float> values = model_.parameters().values().to_vector();
    tl::Xxh64 sum;
    sum.update(std::as_bytes(std::span(values)));
    updates.push_back({sum.digest(), asked});
  }

  std::vector<Update> updates;

 private:
  const tl::Model& model_;
  DeviceCounts before_;
};

/// What one run leaves: its updates and its log, without clocks.
struct Run {
  std::vector<Update> updates;
  std::string log;
};

tl::Dataset rows_of(const Job& job, const tl::Tokenizer& tokenizer, const char* split, std::int64_t count) {
  const auto file = (job.data / (std::string(split) + ".jsonl")).string();
  const tl::Dataset rows = tl::load_dataset("json", {{split, file}})[split].shuffle(42);
  return rows.select(tl::range(std::min(count, rows.num_rows()))).map_batched([&](const tl::Dataset& some) {
    const auto texts = some.column<std::string>("text").to_vector();
    return tl::Columns{
        {"input_ids", tokenizer.encode_ids(texts, {.truncation = true, .max_length = static_cast<int>(job.length)})}};
  });
}

Run run(const Job& job, bool use_cpu) {
  const tl::test::TemporaryFolder output;
  const auto tokenizer = tl::Tokenizer::from_pretrained(job.model);
  tl::set_seed(42);
  auto model = tl::DistilBertForSequenceClassification::from_pretrained(
      job.model, {.labels = {"NEGATIVE", "POSITIVE"}, .ignore_mismatched_sizes = true});
  const tl::TrainingArguments args{.output_dir = (output / "out").string(),
                                   .num_train_epochs = 3,
                                   .per_device_train_batch_size = 16,
                                   .per_device_eval_batch_size = 16,
                                   .learning_rate = 2e-5,
                                   .weight_decay = 0.01,
                                   .warmup_ratio = 0.1,
                                   .eval_strategy = "epoch",
                                   .save_strategy = "no",
                                   .logging_steps = 10,
                                   .bf16 = job.bf16,
                                   .disable_tqdm = true,
                                   .use_cpu = use_cpu};
  const auto recorder = std::make_shared<Recorder>(model);
  tl::Trainer trainer(model, args,
                      {.train_dataset = rows_of(job, tokenizer, "train", job.train_rows),
                       .eval_dataset = rows_of(job, tokenizer, "validation", job.eval_rows),
                       .callbacks = {recorder},
                       .console = tl::silent_console()});
  trainer.train();
  tl::Json log = trainer.state().log_history;
  for (tl::Json& entry : log)
    for (const char* prefix : {"train", "eval"})
      for (const char* time : {"_runtime", "_samples_per_second", "_steps_per_second"})
        entry.erase(std::string(prefix) + time);
  return {recorder->updates, tl::dump_json(log, {.indent = -1})};
}

/// Adds a job's comparison to the totals; false if something differs.
bool compare(const Job& job, std::int64_t& updates, DeviceCounts& most) {
  const Run cpu = run(job, true);
  const tl::test::LockedDevice device;
  const Run there = run(job, false);
  if (cpu.updates.size() != there.updates.size()) {
    std::cout << there.updates.size() << " updates on the device, " << cpu.updates.size() << " on the CPU\n";
    return false;
  }
  for (std::size_t i = 0; i < cpu.updates.size(); ++i)
    if (cpu.updates[i].weights != there.updates[i].weights) {
      std::cout << "the weights differ after update " << i + 1 << (job.bf16 ? " in bf16\n" : " in fp32\n");
      return false;
    }
  if (cpu.log != there.log) {
    std::cout << "the log differs:\n" << cpu.log << "\n" << there.log << '\n';
    return false;
  }
  updates += static_cast<std::int64_t>(cpu.updates.size());
  for (std::size_t i = cpu.updates.size() / 2; i < cpu.updates.size(); ++i) {
    const DeviceCounts& asked = there.updates[i].asked;
    most.waits = std::max(most.waits, asked.waits);
    most.to_device = std::max(most.to_device, asked.copies());
    most.fills = std::max(most.fills, asked.fills);
    most.allocations = std::max(most.allocations, asked.allocations);
    most.launches = std::max(most.launches, asked.launches);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path tests = TL_TESTS_DIR;
  Job job{tests / "reference/data/pipeline", tests / "../examples/data/reviews", 320, 60, 16};
  bool both = true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const bool known = option == "--bf16" || ((option == "--model" || option == "--data") && i + 1 < argc);
    if (!known) {
      std::cerr << "usage: tl_locked_device_run [--model FOLDER --data FOLDER] [--bf16]\n";
      return 2;
    }
    if (option == "--bf16") {
      job.bf16 = true;
    } else {
      job.train_rows = 1000, job.eval_rows = 200, job.length = 256;
      (option == "--model" ? job.model : job.data) = argv[++i];
      both = false;
    }
  }
  std::int64_t updates = 0;
  DeviceCounts most;
  if (!compare(job, updates, most)) return 1;
  if (both && !job.bf16) {
    job.bf16 = true;
    if (!compare(job, updates, most)) return 1;
  }
  std::cout << most.launches << " launches of kernels per step\n"
            << updates << " updates equal to the CPU bit for bit; " << most.waits << " waits, " << most.to_device
            << " copies, " << most.fills << " fills, " << most.allocations << " allocations per step\n";
  return 0;
}
