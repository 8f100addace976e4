// Trainer: fine-tunes a classifier as the Python stack's Trainer does: the same batches, updates, log entries, files and
// order of events, in the arithmetic of its version 4 (a short last accumulation group is averaged over its own size).
// What it does better: a resumed run equals the uninterrupted one bit for bit, a checkpoint is complete or not there,
// and NaN ends the run with a sentence. docs/training.md lists every difference.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/collator.hpp>
#include <tl/data/sampler.hpp>
#include <tl/optim/adamw.hpp>
#include <tl/optim/gradient_norm.hpp>
#include <tl/optim/schedule.hpp>
#include <tl/train/checkpoint.hpp>
#include <tl/train/evaluation.hpp>
#include <tl/train/model.hpp>
#include <tl/train/run_plan.hpp>
#include <tl/train/trainer_base.hpp>

namespace tl {

template <class Model>
class Trainer : public TrainerBase {
  static_assert(TrainableModel<Model>,
                "tl::Trainer needs a model with operator()(PackedSequences, labels) -> {loss, logits}, parameters(), "
                "context(), train(), training(), save_pretrained() and load_weights(); see tl/train/model.hpp");

 public:
  /// `model` must outlive the Trainer. Throws one Error(invalid_argument) that lists every contradiction.
  Trainer(Model& model, TrainingArguments args, TrainerOptions options = {})
      : TrainerBase(std::move(args), std::move(options)), model_(model), generator_(seed()) {
    call(&TrainerCallback::on_init_end);
  }

  /// Trains from the start, or goes on from a checkpoint: train(true) takes the last one in output_dir, train(folder)
  /// that one. Afterwards the model is in the mode it was in before. Throws Error(numeric) for a loss or gradient that is
  /// not finite, naming step and rows, and whatever reading data or writing checkpoints throws.
  TrainOutput train(const ResumeFrom& resume_from = {});

  /// Loss and metrics over eval_dataset, or `dataset`, under names that begin with `prefix`; logged and given to the
  /// callbacks. Throws Error(state) if there is no data set.
  Json evaluate(const std::optional<Dataset>& dataset = {}, const std::string& prefix = "eval");

  /// Logits, labels and metrics over `dataset`, which needs no labels.
  PredictionOutput predict(const Dataset& dataset, const std::string& prefix = "test");

  /// Writes model, tokenizer and training_args.json into `folder` (default: output_dir).
  void save_model(const std::filesystem::path& folder = {}) const {
    write_model(folder.empty() ? std::filesystem::path(args_.output_dir) : folder);
  }

  Model& model() { return model_; }

 private:
  // What one call of train() works with.
  struct Run {
    PackedCollator collate;
    std::vector<std::int64_t> lengths;  // only under group_by_length
    RunPlan plan;
    LearningRateSchedule schedule;
    AdamW<float> optimizer;
    RunProgress progress{};
    std::int64_t first_step = 0;  // updates made before this call
    std::int64_t next_batch = 0;  // micro-batches of the first epoch to skip
    bool resumed = false;
  };

  std::uint64_t seed() const { return static_cast<std::uint64_t>(args_.seed); }

  PackedCollator collator(const Dataset& dataset, const std::string& name) const {
    CollatorOptions options{.name = name};
    if constexpr (requires { model_.config().num_labels(); }) options.num_labels = model_.config().num_labels();
    if constexpr (requires { model_.config().max_position_embeddings; })
      options.max_length = model_.config().max_position_embeddings;
    PackedCollator collate(dataset, options);
    check(collate.size() > 0, ErrorCode::invalid_argument, name, ": expected at least one row, got an empty data set");
    collate.check_rows();
    return collate;
  }

  void set_precision() { model_.context().precision = args_.bf16 ? Precision::bf16 : Precision::f32; }

  Run start();
  void resume(Run& run, const std::filesystem::path& checkpoint);
  std::vector<std::int64_t> epoch_order(Run& run);
  void train_epoch(Run& run);
  void update(Run& run, const BatchSampler& batches, std::int64_t begin, std::int64_t end);
  void micro_batch(Run& run, std::span<const std::int64_t> rows, std::int64_t group);
  void log_evaluate_save(Run& run);
  void save_checkpoint(Run& run);
  TrainOutput finish(Run& run, const Stopwatch& watch);
  EvaluationResult run_over(const Dataset& dataset, const std::string& prefix, Json& metrics);

  void write_model(const std::filesystem::path& folder) const {
    model_.save_pretrained(folder);
    if (options_.processing_class) options_.processing_class->save_pretrained(folder);
    write_json(folder / "training_args.json", to_json(args_), {.sort_keys = false});
  }

  Model& model_;
  // Stands for the reference's global generator, as far as the order of batches depends on it: two draws at the start of
  // each pass over data, and the permutation of group_by_length.
  Mt19937 generator_;
};

}  // namespace tl

#include <tl/train/train_loop.hpp>
