// TrainingArguments: everything a training run can be told, with the names and defaults of the Python stack (its
// version 4). A run that is not possible is refused before anything expensive happens: see problems() and validate().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/train/choice.hpp>

namespace tl {

/// "Steps" are updates of the weights, never micro-batches. A step count below 1 is a share of all updates.
struct TrainingArguments {
  std::string output_dir = "trainer_output";  ///< where checkpoints and results are written
  std::string run_name{};                     ///< a name for reporters; only stored
  std::string logging_dir{};                  ///< a folder for reporters; only stored
  std::string report_to = "none";             ///< no reporter is built in: logs go to callbacks
  bool push_to_hub = false;                   ///< must be false

  std::int64_t per_device_train_batch_size = 8;
  std::int64_t per_device_eval_batch_size = 8;
  std::int64_t gradient_accumulation_steps = 1;  ///< micro-batches per update
  double num_train_epochs = 3.0;
  std::int64_t max_steps = -1;  ///< number of updates; if positive it wins over num_train_epochs

  std::string optim = "adamw_torch";  ///< adamw_torch or adamw_torch_fused: the same updates here
  double learning_rate = 5e-5;
  double weight_decay = 0.0;  ///< not applied to biases and LayerNorm
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;  ///< gradients are scaled down to this norm; 0: never
  double label_smoothing_factor = 0.0;

  Choice<SchedulerType> lr_scheduler_type = SchedulerType::linear;
  double warmup_ratio = 0.0;  ///< share of all updates; used if warmup_steps is 0
  double warmup_steps = 0.0;  ///< number of updates, or below 1 a share

  bool fp16 = false;  ///< must be false: see bf16
  bool bf16 = false;  ///< matrix products in bfloat16
  bool use_cpu = false;

  Choice<IntervalStrategy> eval_strategy = IntervalStrategy::no;
  std::optional<double> eval_steps{};  ///< nothing: logging_steps
  double eval_delay = 0.0;             ///< steps or epochs, as eval_strategy counts, before the first evaluation
  bool eval_on_start = false;
  bool prediction_loss_only = false;  ///< evaluate without keeping predictions and without compute_metrics

  Choice<IntervalStrategy> logging_strategy = IntervalStrategy::steps;
  double logging_steps = 500.0;
  bool logging_first_step = false;
  bool disable_tqdm = false;  ///< no progress bar

  Choice<IntervalStrategy> save_strategy = IntervalStrategy::steps;
  double save_steps = 500.0;
  std::optional<std::int64_t> save_total_limit{};  ///< older checkpoints are deleted, the best one is kept
  bool save_only_model = false;                    ///< checkpoints that cannot be resumed from, at a third of the size
  bool load_best_model_at_end = false;
  std::optional<std::string> metric_for_best_model{};  ///< nothing: the loss, if something needs a metric
  std::optional<bool> greater_is_better{};             ///< nothing: true unless the metric's name ends with "loss"

  std::optional<std::string> resume_from_checkpoint{};  ///< for programs; Trainer::train() has its own argument
  bool ignore_data_skip = false;  ///< a resumed run begins its epoch's data anew

  std::int64_t seed = 42;
  std::optional<std::int64_t> data_seed{};  ///< seed of the data order; nothing: seed
  bool dataloader_drop_last = false;        ///< leaves a short last batch out, also in evaluation
  bool group_by_length = false;             ///< batches of rows of similar length

  /// Every contradiction and every value out of range, one text each: field, value, what is allowed.
  std::vector<std::string> problems() const;

  /// Throws one Error(invalid_argument) that lists all problems().
  void validate() const;

  /// A copy in which fields that follow from others are filled in: eval_steps, metric_for_best_model,
  /// greater_is_better.
  TrainingArguments resolved() const;
};

}  // namespace tl

#include <tl/train/argument_rules.hpp>
