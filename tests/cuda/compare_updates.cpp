// Trains the same model on the CPU and on the GPU and prints both losses of each update.
//
//   tl_compare_updates                    ten updates of a tiny random DistilBERT with dropout; equal to 1e-5
//   tl_compare_updates --updates UPDATES  another number of them
//   tl_compare_updates MODEL [UPDATES]    100 updates of a pretrained model; equal to 1 %
//   ... --bf16                            the same in bf16 on both; equal to 1 %
//   ... --fp16                            fp16 on the GPU beside fp32 on the CPU; equal to 1 %
//
// The texts are made of random ids, half of them from those of its label, so that there is something to learn. Ends
// with 0 if the losses agree, 1 if they do not, 77 if no GPU answers.
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/trainer.hpp>

namespace {

struct Job {
  std::string folder;  ///< of a pretrained model; empty: the tiny one
  std::int64_t updates = 10, batch = 8;
  double tolerance = 1e-5;  ///< of a loss, relative
  bool bf16 = false, fp16 = false;
};

std::unique_ptr<tl::Model> make_model(const Job& job) {
  if (!job.folder.empty())
    return tl::AutoModelForSequenceClassification::from_pretrained(job.folder, {.num_labels = 2});
  tl::DistilBertConfig config;
  config.vocab_size = 101;
  config.dim = 32;
  config.hidden_dim = 80;
  config.n_layers = 2;
  config.n_heads = 4;
  config.max_position_embeddings = 40;
  return std::make_unique<tl::DistilBertForSequenceClassification>(config);
}

/// Texts of 3 to 33 ids, of which every second has the parity of the label.
tl::Dataset make_texts(std::int64_t count, std::int64_t vocabulary) {
  tl::Mt19937 generator(7);
  const auto below = [&](std::int64_t limit) { return static_cast<std::int64_t>(generator.next_u32()) % limit; };
  std::vector<std::vector<std::int32_t>> texts;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    labels.push_back(i % 2);
    std::vector<std::int32_t>& text = texts.emplace_back();
    for (std::int64_t left = 3 + below(31); left > 0; --left) {
      const std::int64_t any = 1 + below(vocabulary - 2);
      text.push_back(static_cast<std::int32_t>(left % 2 == 0 ? any : any - any % 2 + i % 2));
    }
  }
  return tl::Dataset::from_columns({{"input_ids", texts}, {"label", labels}});
}

/// What a training run leaves.
struct Run {
  std::vector<double> losses;  ///< of each update
  std::vector<float> weights;  ///< all of the model, at the end
  double seconds = 0.0;
};

Run train(const Job& job, bool use_cpu) {
  tl::set_seed(1);  // the same fresh weights on both
  const std::unique_ptr<tl::Model> model = make_model(job);
  const std::int64_t vocabulary = job.folder.empty() ? 101 : 20000;
  tl::TrainingArguments args{.per_device_train_batch_size = job.batch, .learning_rate = 5e-5, .weight_decay = 0.01};
  args.save_strategy = "no";
  args.max_steps = job.updates;
  args.logging_steps = 1;
  args.disable_tqdm = true;
  args.use_cpu = use_cpu;
  args.bf16 = job.bf16;
  args.fp16 = job.fp16 && !use_cpu;
  tl::Trainer trainer(
      *model, args,
      {.train_dataset = make_texts(job.updates * job.batch, vocabulary), .console = tl::silent_console()});
  const tl::Stopwatch watch;
  trainer.train();
  Run run{.losses = {}, .weights = {}, .seconds = watch.seconds()};
  for (const tl::Json& entry : trainer.state().log_history)
    if (entry.contains("tl_loss")) run.losses.push_back(entry.at("tl_loss").get<double>());
  for (const auto& part : model->parameters().named()) {
    const std::vector<float> values = part.value().to_vector();
    run.weights.insert(run.weights.end(), values.begin(), values.end());
  }
  return run;
}

int compare(const Job& job) {
  const Run cpu = train(job, true), gpu = train(job, false);
  double worst = 0.0, worst_weight = 0.0;
  bool same_length = cpu.losses.size() == gpu.losses.size() && cpu.weights.size() == gpu.weights.size();
  for (std::size_t i = 0; same_length && i < cpu.losses.size(); ++i) {
    const double difference = std::abs(gpu.losses[i] - cpu.losses[i]) / std::abs(cpu.losses[i]);
    if (!(difference <= worst)) worst = difference;
    std::printf("update %3zu: loss %.7f on the CPU, %.7f on the GPU\n", i + 1, cpu.losses[i], gpu.losses[i]);
  }
  for (std::size_t i = 0; same_length && i < cpu.weights.size(); ++i) {
    const double difference = std::abs(static_cast<double>(gpu.weights[i]) - static_cast<double>(cpu.weights[i]));
    if (!(difference <= worst_weight)) worst_weight = difference;
  }
  const bool agree =
      same_length && cpu.losses.size() == static_cast<std::size_t>(job.updates) && worst <= job.tolerance;
  std::printf(
      "%zu updates: largest difference of a loss %.2e (relative; allowed %.0e), of a weight %.2e; %.1f s on the "
      "CPU, %.1f s on the GPU\n",
      gpu.losses.size(), worst, job.tolerance, worst_weight, cpu.seconds, gpu.seconds);
  return agree ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (const std::string reason = tl::unavailable_reason(tl::cuda_device); !reason.empty()) {
      std::printf("no GPU: %s\n", reason.c_str());
      return 77;
    }
    std::vector<std::string> given(argv + 1, argv + argc);
    const auto takes = [&](const char* option) { return std::erase(given, option) > 0; };
    Job job{.folder = {}, .bf16 = takes("--bf16"), .fp16 = takes("--fp16")};
    if (given.size() > 1 && given[0] == "--updates") {
      job.updates = std::stoll(given[1]);
    } else if (!given.empty()) {
      job.folder = given[0];
      job.updates = given.size() > 1 ? std::stoll(given[1]) : 100;
      job.batch = 16;
    }
    if (!job.folder.empty() || job.bf16 || job.fp16) job.tolerance = 1e-2;
    return compare(job);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tl_compare_updates: %s\n", error.what());
    return 1;
  }
}
