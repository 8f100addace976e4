// Times training steps of a random DistilBERT classifier: what tl::Trainer does from the end of one update to the end
// of the next (collate, forward, backward, clip, AdamW, zero the gradients), on texts of one length, so that no stack
// pads.
//
//   tl_step_time --width 384 --layers 6 --heads 12 --batch 16 --length 64 --threads 2 [--frozen_layers 3]
//
// --frozen_layers N freezes the embeddings and the N lowest blocks.
// gflop_per_step is that of the whole model by formula, three times the forward pass of the blocks. tl computes
// less: the last block takes queries, output projection and feed-forward for the [CLS] rows alone. The updates of
// embedding rows that the optimizer defers are made when train() ends; their time is shared out to all steps.
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>

#include <tl/trainer.hpp>

#include "model/program.hpp"

namespace {

std::atomic<std::int64_t> allocations{0};

void* counted(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Tensors of some size do not come from here but from tl's own allocator. Not inlined, because g++ would see new
// without delete.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return counted(bytes); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

struct Options {
  std::int64_t width = 384, layers = 6, heads = 12, batch = 16, length = 64;
  std::int64_t warm_up = 3, steps = 5;
  double seconds = 2.0;
  std::int64_t frozen_layers = 0;
  int threads = tl::num_threads();
  bool bf16 = false;
};

/// Takes the time of each update and stops when there are enough.
class StepClock : public tl::TrainerCallback {
 public:
  explicit StepClock(const Options& options) : options_(options) {}

  void on_step_end(const tl::TrainerEvent& event) override {
    const double now = watch_.seconds();
    if (event.state.global_step > options_.warm_up) steps_.push_back(now - last_);
    else first_allocations_ = allocations, start_ = now;
    const auto count = static_cast<std::int64_t>(steps_.size());
    if (count >= options_.steps && now - start_ >= options_.seconds) event.control.should_training_stop = true;
    last_allocations_ = allocations;
    last_ = now;
    all_steps_ = event.state.global_step;
  }

  const std::vector<double>& steps() const { return steps_; }
  /// To be asked when train() has returned.
  double deferred_seconds_per_step() const { return (watch_.seconds() - last_) / static_cast<double>(all_steps_); }
  double allocations_per_step() const {
    return static_cast<double>(last_allocations_ - first_allocations_) / static_cast<double>(steps_.size());
  }

 private:
  const Options& options_;
  tl::Stopwatch watch_;
  std::vector<double> steps_;
  double start_ = 0, last_ = 0;
  std::int64_t all_steps_ = 0, first_allocations_ = 0, last_allocations_ = 0;
};

double gflop_per_step(const Options& o, std::int64_t feed_forward) {
  const auto tokens = static_cast<double>(o.batch * o.length), width = static_cast<double>(o.width);
  const double weights = width * (4 * width + 2 * static_cast<double>(feed_forward));
  return 3e-9 * static_cast<double>(o.layers) * tokens * (2 * weights + 4 * width * static_cast<double>(o.length));
}

/// Freezes the embeddings and the `layers` lowest blocks.
void freeze(tl::Model& model, std::int64_t layers) {
  std::string patterns = "distilbert.embeddings";
  for (std::int64_t i = 0; i < layers; ++i) patterns += ",distilbert.transformer.layer." + std::to_string(i);
  if (layers > 0) model.parameters().freeze(patterns);
}

void run(const Options& options) {
  tl::set_num_threads(options.threads);
  tl::DistilBertConfig config;
  config.dim = options.width;
  config.hidden_dim = 4 * options.width;
  config.n_layers = options.layers;
  config.n_heads = options.heads;
  config.max_position_embeddings = std::max<std::int64_t>(512, options.length);
  tl::DistilBertForSequenceClassification model(config);
  freeze(model, options.frozen_layers);

  const std::int64_t rows = 8 * options.batch;
  std::vector<std::int64_t> labels;
  for (std::int64_t row = 0; row < rows; ++row) labels.push_back(row % 2);
  const auto texts = tl::bench::random_texts(rows, options.length, config.vocab_size);
  const auto clock = std::make_shared<StepClock>(options);
  tl::Trainer trainer(model,
                      {.per_device_train_batch_size = options.batch,
                       .learning_rate = 2e-5,
                       .weight_decay = 0.01,
                       .save_strategy = "no",
                       .bf16 = options.bf16,
                       .max_steps = 1'000'000,
                       .logging_strategy = "no",
                       .disable_tqdm = true},
                      {.train_dataset = tl::Dataset::from_columns({{"input_ids", texts}, {"label", labels}}),
                       .callbacks = {clock},
                       .console = tl::silent_console()});
  trainer.train();

  const double deferred = clock->deferred_seconds_per_step(), median = tl::bench::median(clock->steps());
  const double seconds = median + deferred, gflop = gflop_per_step(options, config.hidden_dim);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const tl::Json line = {{"steps", clock->steps().size()},
                         {"seconds_per_step", seconds},
                         {"median_seconds_per_step", median},
                         {"deferred_seconds_per_step", deferred},
                         {"min_seconds_per_step", *std::min_element(clock->steps().begin(), clock->steps().end())},
                         {"tokens_per_second", static_cast<double>(options.batch * options.length) / seconds},
                         {"gflop_per_step", gflop},
                         {"gflop_per_second", gflop / seconds},
                         {"parameters", model.parameters().count()},
                         {"trained_parameters", model.parameters().trained_count()},
                         {"allocations_per_step", clock->allocations_per_step()},
                         {"peak_memory_mb", static_cast<double>(usage.ru_maxrss) / 1024}};
  std::cout << tl::dump_json(line, {.indent = -1, .sort_keys = false}) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times the training steps of a random DistilBERT classifier.", "tl_step_time");
  Options options;
  const auto count = [&](const char* name, std::int64_t& value, const char* help) {
    app.add_option(name, value, help)->capture_default_str()->check(CLI::Range(1, 1 << 20));
  };
  count("--width", options.width, "width of the model; its feed-forward layers are four times as wide");
  count("--layers", options.layers, "number of blocks");
  count("--heads", options.heads, "attention heads of a block");
  count("--batch", options.batch, "texts per step");
  count("--length", options.length, "tokens per text");
  count("--warm_up", options.warm_up, "steps that do not count");
  count("--steps", options.steps, "steps to measure at least");
  app.add_option("--frozen_layers", options.frozen_layers, "the lowest blocks, frozen with the embeddings")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--seconds", options.seconds, "how long to measure at least")->capture_default_str();
  app.add_option("--threads", options.threads, "default: all processors")->check(CLI::Range(1, 4096));
  app.add_flag("--bf16", options.bf16, "matrix products in bfloat16");
  return tl::bench::run_program(app, argc, argv, [&] { run(options); });
}
