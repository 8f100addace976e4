// TrainingArguments: everything a training run can be told, with the names and defaults of the Python stack (its
// version 4). A run that is not possible is refused before anything expensive happens: see problems() and validate().
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/device.hpp>
#include <tl/core/finite.hpp>
#include <tl/io/utf8.hpp>
#include <tl/train/choice.hpp>
#include <tl/train/loss_weights.hpp>
#include <tl/train/reporter.hpp>

namespace tl {

/// "Steps" are updates of the weights, never micro-batches. A step count below 1 is a share of all updates.
struct TrainingArguments {
  // The cell that most notebooks have, in its order; what it rarely sets comes after it.
  std::string output_dir = "trainer_output";  ///< where checkpoints and results are written
  double num_train_epochs = 3.0;
  std::int64_t per_device_train_batch_size = 8;
  std::int64_t per_device_eval_batch_size = 8;
  double learning_rate = 5e-5;
  double weight_decay = 0.0;  ///< not applied to biases and LayerNorm
  double warmup_ratio = 0.0;  ///< share of all updates; used if warmup_steps is 0
  Choice<IntervalStrategy> eval_strategy = IntervalStrategy::no;
  Choice<IntervalStrategy> save_strategy = IntervalStrategy::steps;
  bool load_best_model_at_end = false;
  std::optional<std::string> metric_for_best_model{};  ///< nothing: the loss, if something needs a metric
  std::string logging_dir{};                           ///< where reporters write; empty: see logging_folder()
  double logging_steps = 500.0;
  bool fp16 = false;         ///< matrix products in half, with a scale of the loss; on a GPU
  bool bf16 = false;         ///< matrix products in bfloat16
  ReportTo report_to{};      ///< none, all, or names of reporters: {"tensorboard", "jsonl"}
  bool push_to_hub = false;  ///< must be false

  std::string run_name{};  ///< a name for the run; only stored

  std::int64_t gradient_accumulation_steps = 1;  ///< micro-batches per update
  std::int64_t max_steps = -1;                   ///< number of updates; if positive it wins over num_train_epochs

  std::string optim = "adamw_torch";  ///< adamw_torch or adamw_torch_fused: the same updates here
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;  ///< gradients are scaled down to this norm; 0: never
  double label_smoothing_factor = 0.0;
  std::optional<std::string> class_weights{};  ///< balanced, or weights in the order of the classes or by their names
  double focal_gamma = 0.0;                    ///< rows count by (1 - p)^gamma for the probability p of their label
  std::optional<std::string> pos_weight{};     ///< of multi_label_classification, as class_weights

  std::optional<double> head_learning_rate{};  ///< peak rate of what is not the encoder; nothing: learning_rate
  std::optional<double> layerwise_lr_decay{};  ///< factor of the rate from each layer to the one below; nothing: none

  Choice<SchedulerType> lr_scheduler_type = SchedulerType::linear;
  SchedulerKwargs lr_scheduler_kwargs{};  ///< arguments of the schedule, e.g. {{"num_cycles", 3}}
  double warmup_steps = 0.0;              ///< number of updates, or below 1 a share

  std::optional<double> eval_steps{};  ///< nothing: logging_steps
  double eval_delay = 0.0;             ///< steps or epochs, as eval_strategy counts, before the first evaluation
  bool eval_on_start = false;
  bool prediction_loss_only = false;  ///< evaluate without keeping predictions and without compute_metrics

  Choice<IntervalStrategy> logging_strategy = IntervalStrategy::steps;
  bool logging_first_step = false;
  bool disable_tqdm = false;  ///< no progress bar

  double save_steps = 500.0;
  std::optional<std::int64_t> save_total_limit{};  ///< older checkpoints are deleted, the best one is kept
  bool save_only_model = false;                    ///< checkpoints that cannot be resumed from, at a third of the size
  std::optional<bool> greater_is_better{};         ///< nothing: true unless the metric's name ends with "loss"

  std::optional<std::string> resume_from_checkpoint{};  ///< for programs; Trainer::train() has its own argument
  bool ignore_data_skip = false;                        ///< a resumed run begins its epoch's data anew

  std::int64_t seed = 42;
  std::optional<std::int64_t> data_seed{};  ///< seed of the data order; nothing: seed
  bool dataloader_drop_last = false;        ///< leaves a short last batch out, also in evaluation
  bool group_by_length = false;             ///< batches of rows of similar length
  /// The same, and the order of the data set, under the name of version 5.
  Choice<SamplingStrategy> train_sampling_strategy = SamplingStrategy::random;

  bool use_cpu = false;  ///< train on the CPU even if there is a GPU

  /// Where the model is trained: the CPU with use_cpu, else tl::device(). Throws what tl::device() throws.
  Device device() const { return use_cpu ? cpu_device : tl::device(); }

  /// What fp16 and bf16 say together.
  Precision precision() const { return fp16 ? Precision::f16 : bf16 ? Precision::bf16 : Precision::f32; }

  /// What group_by_length and train_sampling_strategy say together. Throws for a name that is not known.
  SamplingStrategy sampling() const {
    return group_by_length ? SamplingStrategy::group_by_length : train_sampling_strategy.value();
  }

  /// Every contradiction and every value out of range, one text each: field, value, what is allowed.
  std::vector<std::string> problems() const;

  /// Throws one Error(invalid_argument) that lists all problems().
  void validate() const;

  /// A copy in which fields that follow from others are filled in: eval_steps, metric_for_best_model,
  /// greater_is_better.
  TrainingArguments resolved() const;
};

namespace detail {

/// What is wrong with arguments, one sentence each, until all of it is thrown as one error.
struct Problems {
  std::vector<std::string> sentences;

  /// Adds the sentence made of `parts` unless `good`.
  template <class... Parts> void require(bool good, const Parts&... parts) {
    if (!good) add(str_cat(parts...));
  }
  [[gnu::noinline]] void add(std::string sentence) { sentences.push_back(std::move(sentence)); }

  /// Throws Error(invalid_argument) if there are any. `of` is what they are problems of.
  void raise(const char* of) const {
    if (sentences.empty()) return;
    std::string all;
    for (const auto& sentence : sentences) all += str_cat(all.empty() ? "" : "; ", sentence);
    fail(ErrorCode::invalid_argument, of, ": ", sentences.size(),
         sentences.size() == 1 ? " problem: " : " problems: ", all);
  }
};

// The rules are the reference's; where it would silently do nothing, or something else, there is an additional rule.
class ArgumentRules : Problems {
 public:
  explicit ArgumentRules(const TrainingArguments& arguments) : a_(arguments) {}

  std::vector<std::string> run() {
    texts();
    numbers();
    sizes();
    schedule();
    unsupported();
    sampling();
    if (strategies()) {
      intervals();
      best_model();
    }
    return std::move(sentences);
  }

 private:
  template <class T> [[gnu::noinline]] void need(bool good, const char* field, const char* range, const T& got) {
    require(good, field, ": expected ", range, ", got ", got);
  }

  /// They are written into training_args.json, which has to be UTF-8.
  void texts() {
    utf8("output_dir", a_.output_dir);
    utf8("run_name", a_.run_name);
    utf8("logging_dir", a_.logging_dir);
    utf8("metric_for_best_model", a_.metric_for_best_model.value_or(""));
    utf8("resume_from_checkpoint", a_.resume_from_checkpoint.value_or(""));
    require(!a_.output_dir.empty(), "output_dir: expected the path of a folder, got an empty text");
    require(!a_.resume_from_checkpoint || !a_.resume_from_checkpoint->empty(),
            "resume_from_checkpoint: expected true, false or a checkpoint folder, got an empty text");
  }

  void utf8(const char* field, const std::string& text) {
    if (find_invalid_utf8(text) != std::string_view::npos)
      require(false, field, ": expected UTF-8, got ", escape_invalid_utf8(text));
  }

  void numbers() {
    need(a_.per_device_train_batch_size >= 1, "per_device_train_batch_size", "at least 1",
         a_.per_device_train_batch_size);
    need(a_.per_device_eval_batch_size >= 1, "per_device_eval_batch_size", "at least 1", a_.per_device_eval_batch_size);
    need(a_.gradient_accumulation_steps >= 1, "gradient_accumulation_steps", "at least 1",
         a_.gradient_accumulation_steps);
    need(is_finite(a_.num_train_epochs) && a_.num_train_epochs >= 0, "num_train_epochs", "a number >= 0",
         a_.num_train_epochs);
    need(a_.max_steps == -1 || a_.max_steps >= 1, "max_steps", "-1 (use num_train_epochs) or at least 1", a_.max_steps);
    non_negative("learning_rate", a_.learning_rate);
    non_negative("weight_decay", a_.weight_decay);
    if (a_.head_learning_rate) non_negative("head_learning_rate", *a_.head_learning_rate);
    if (a_.layerwise_lr_decay)
      need(*a_.layerwise_lr_decay > 0 && *a_.layerwise_lr_decay <= 1, "layerwise_lr_decay", "a number in (0, 1]",
           *a_.layerwise_lr_decay);
    non_negative("adam_epsilon", a_.adam_epsilon);
    non_negative("max_grad_norm", a_.max_grad_norm);
    non_negative("eval_delay", a_.eval_delay);
    need(a_.adam_beta1 >= 0 && a_.adam_beta1 < 1, "adam_beta1", "a number in [0, 1)", a_.adam_beta1);
    need(a_.adam_beta2 >= 0 && a_.adam_beta2 < 1, "adam_beta2", "a number in [0, 1)", a_.adam_beta2);
    need(a_.label_smoothing_factor >= 0 && a_.label_smoothing_factor < 1, "label_smoothing_factor",
         "a number in [0, 1)", a_.label_smoothing_factor);
    non_negative("focal_gamma", a_.focal_gamma);
    require(a_.focal_gamma == 0 || a_.label_smoothing_factor == 0,
            "focal_gamma: expected 0 with a label_smoothing_factor, got ", a_.focal_gamma);
    weights("class_weights", a_.class_weights);
    weights("pos_weight", a_.pos_weight);
    need(a_.seed >= 0, "seed", "at least 0", a_.seed);
    if (a_.data_seed) need(*a_.data_seed >= 0, "data_seed", "at least 0", *a_.data_seed);
    if (a_.save_total_limit) need(*a_.save_total_limit >= 1, "save_total_limit", "at least 1", *a_.save_total_limit);
  }

  /// Which classes there are is not known yet.
  void weights(const char* field, const std::optional<std::string>& text) {
    if (!text) return;
    if (find_invalid_utf8(*text) != std::string_view::npos) return utf8(field, *text);
    try {
      (void)LossWeights(field, *text);
    } catch (const Error& error) {
      add(error.what());
    }
  }

  /// Numbers that are counted with: their products and sums must stay whole, in 64 bits and in a double.
  void sizes() {
    const auto rows = [this](const char* field, std::int64_t value) {
      need(value <= std::numeric_limits<std::int32_t>::max(), field, "at most 2147483647", value);
    };
    const auto steps = [this](const char* field, auto value) {
      need(!(value > 1'000'000'000'000'000), field, "at most 1000000000000000", value);
    };
    rows("per_device_train_batch_size", a_.per_device_train_batch_size);
    rows("per_device_eval_batch_size", a_.per_device_eval_batch_size);
    rows("gradient_accumulation_steps", a_.gradient_accumulation_steps);
    steps("max_steps", a_.max_steps);
    steps("warmup_steps", a_.warmup_steps);
    steps("logging_steps", a_.logging_steps);
    steps("save_steps", a_.save_steps);
    if (a_.eval_steps) steps("eval_steps", *a_.eval_steps);
  }

  void non_negative(const char* field, double value) {
    need(is_finite(value) && value >= 0, field, "a number >= 0", value);
  }

  void schedule() {
    need(a_.warmup_ratio >= 0 && a_.warmup_ratio <= 1, "warmup_ratio", "a number in [0, 1]", a_.warmup_ratio);
    need(a_.warmup_steps >= 0 && (a_.warmup_steps < 1 || is_whole(a_.warmup_steps)), "warmup_steps",
         "a whole number of steps, or a share in [0, 1)", a_.warmup_steps);
    if (!a_.lr_scheduler_type.known()) return unknown_scheduler();
    scheduler_kwargs();
    if (!follows_metric(a_.lr_scheduler_type)) return;
    require(!a_.eval_strategy.known() || a_.eval_strategy != IntervalStrategy::no,
            "lr_scheduler_type: ", a_.lr_scheduler_type.name(), " needs an eval_strategy, got eval_strategy no");
    const std::string metric = a_.metric_for_best_model.value_or("loss");
    require(!a_.greater_is_better.value_or(!metric.ends_with("loss")) || a_.lr_scheduler_kwargs.contains("mode"),
            "lr_scheduler_kwargs: ", a_.lr_scheduler_type.name(), " follows ", metric,
            ", which is better when it is greater, and its mode is min unless it is given; set mode to max");
  }

  /// The total number of steps is not known yet and decides no argument's range.
  void scheduler_kwargs() {
    for (const auto& [name, value] : a_.lr_scheduler_kwargs)
      utf8("lr_scheduler_kwargs", value.is_number() ? name : str_cat(name, "=", value.text()));
    try {
      const ScheduleOptions options{.learning_rate = a_.learning_rate, .kwargs = a_.lr_scheduler_kwargs};
      static_cast<void>(make_schedule(a_.lr_scheduler_type, options));
    } catch (const Error& error) {
      add(error.what());
    }
  }

  void unknown_scheduler() {
    try {
      static_cast<void>(a_.lr_scheduler_type.value());
    } catch (const Error& error) {  // it lists the names
      add(error.what());
    }
  }

  void unsupported() {
    require(!(a_.fp16 && a_.bf16), "fp16 and bf16: expected at most one of them to be true, got both");
    require(!a_.fp16 || (!a_.use_cpu && is_available(cuda_device)),
            "fp16: expected false, got true: there is no fp16 training on the CPU; set bf16 = true, or train "
            "in fp32 with both false");
    require(a_.optim == "adamw_torch" || a_.optim == "adamw_torch_fused",
            "optim: expected adamw_torch or adamw_torch_fused, got ", a_.optim);
    if (std::string problem = report_to_problem(a_.report_to); !problem.empty()) add(std::move(problem));
    require(!a_.push_to_hub,
            "push_to_hub: expected false, got true: uploading is not supported; upload the folder "
            "written by save_model() with the hub's own tools");
  }

  void sampling() {
    const Choice<SamplingStrategy>& strategy = a_.train_sampling_strategy;
    need(strategy.known(), "train_sampling_strategy", "one of random, sequential, group_by_length", strategy.name());
    require(!a_.group_by_length || !strategy.known() || strategy != SamplingStrategy::sequential,
            "group_by_length: expected false, because train_sampling_strategy is sequential, got true");
  }

  /// False if a name is misspelt: then nothing can be said about the rules that depend on it.
  bool strategies() {
    const auto one_of = [this](const char* field, const Choice<IntervalStrategy>& choice, bool best) {
      need(choice.known() && (best || choice != IntervalStrategy::best), field,
           best ? "one of no, steps, epoch, best" : "one of no, steps, epoch", choice.name());
      return choice.known();
    };
    const bool eval = one_of("eval_strategy", a_.eval_strategy, false);
    const bool logging = one_of("logging_strategy", a_.logging_strategy, false);
    const bool save = one_of("save_strategy", a_.save_strategy, true);
    return eval && logging && save;
  }

  void intervals() {
    if (a_.logging_strategy == IntervalStrategy::steps) steps("logging_steps", a_.logging_steps);
    if (a_.save_strategy == IntervalStrategy::steps) steps("save_steps", a_.save_steps);
    if (a_.eval_strategy == IntervalStrategy::steps) {
      if (a_.eval_steps) steps("eval_steps", *a_.eval_steps);
      else if (a_.logging_strategy != IntervalStrategy::steps)
        steps("eval_steps (not set, so logging_steps)", a_.logging_steps);
    }
  }

  void steps(const char* field, double value) {
    need(is_finite(value) && value > 0 && (value < 1 || is_whole(value)), field,
         "a whole number of steps >= 1, or a share of all steps in (0, 1)", value);
  }

  void best_model() {
    if (a_.save_strategy == IntervalStrategy::best) {
      require(a_.eval_strategy != IntervalStrategy::no,
              "save_strategy: best needs an eval_strategy, got eval_strategy no");
      require(a_.metric_for_best_model || a_.load_best_model_at_end,
              "save_strategy: best needs metric_for_best_model, which is not set");
    }
    require(!a_.metric_for_best_model || !a_.metric_for_best_model->empty(),
            "metric_for_best_model: expected the name of a metric, got an empty text");
    if (!a_.load_best_model_at_end || a_.save_strategy == IntervalStrategy::best) return;
    if (a_.eval_strategy != a_.save_strategy) {
      require(false, "load_best_model_at_end: expected eval_strategy and save_strategy to be equal, got eval_strategy ",
              to_string(a_.eval_strategy), " and save_strategy ", to_string(a_.save_strategy));
      return;
    }
    require(a_.eval_strategy != IntervalStrategy::no,
            "load_best_model_at_end: expected an eval_strategy of steps or epoch, got no");
    if (a_.eval_strategy == IntervalStrategy::steps) multiple();
  }

  void multiple() {
    const double eval_steps = a_.eval_steps.value_or(a_.logging_steps);
    if (!(eval_steps > 0) || !(a_.save_steps > 0)) return;
    const bool shares = eval_steps < 1 && a_.save_steps < 1;
    // shares are compared in millionths, because 0.3 is no multiple of 0.1 in binary
    const double scale = shares ? 1e6 : 1.0;
    const bool mixed = (eval_steps < 1) != (a_.save_steps < 1);
    const bool fits = std::fmod(std::round(a_.save_steps * scale), std::round(eval_steps * scale)) == 0;
    require(!mixed && fits,
            "load_best_model_at_end: expected save_steps to be a multiple of eval_steps, got save_steps ",
            a_.save_steps, " and eval_steps ", eval_steps);
  }

  static bool is_whole(double value) { return value == std::floor(value); }

  const TrainingArguments& a_;
};

/// What resolved() does, in place.
inline void resolve(TrainingArguments& a) {
  if (a.eval_strategy == IntervalStrategy::steps && !a.eval_steps) a.eval_steps = a.logging_steps;
  const bool follows = a.lr_scheduler_type.known() && follows_metric(a.lr_scheduler_type);
  if (!a.metric_for_best_model && (a.load_best_model_at_end || follows)) a.metric_for_best_model = "loss";
  if (a.metric_for_best_model && !a.greater_is_better)
    a.greater_is_better = !a.metric_for_best_model->ends_with("loss");
}

}  // namespace detail

inline std::vector<std::string> TrainingArguments::problems() const { return detail::ArgumentRules(*this).run(); }

inline void TrainingArguments::validate() const { detail::Problems{problems()}.raise("TrainingArguments"); }

inline TrainingArguments TrainingArguments::resolved() const {
  TrainingArguments result = *this;
  detail::resolve(result);
  return result;
}

}  // namespace tl
