// The part of the Trainer that does not depend on the model: arguments, state, callbacks, log, best metric, result
// files.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/sampler.hpp>
#include <tl/io/json_file.hpp>
#include <tl/optim/optimizer.hpp>
#include <tl/text/tokenizer.hpp>
#include <tl/train/argument_fields.hpp>
#include <tl/train/metrics.hpp>
#include <tl/train/model.hpp>
#include <tl/train/option_field.hpp>
#include <tl/train/output_dir.hpp>
#include <tl/train/output_lock.hpp>
#include <tl/train/progress.hpp>
#include <tl/train/reporters.hpp>
#include <tl/train/resume.hpp>
#include <tl/train/row_source.hpp>
#include <tl/train/speed_metrics.hpp>
#include <tl/train/trainer_callback.hpp>

namespace tl {

/// What a Trainer works with beside model and arguments.
struct TrainerOptions {
  /// Needed by train(); a Dataset, tokenised, or a user's Collator.
  detail::OptionField<"train_dataset", RowSource> train_dataset{};
  /// Needed by evaluate() and by an eval_strategy; one, or several by name.
  EvalDatasets eval_dataset{};
  /// Saved with every checkpoint, so that a pipeline can load the folder.
  detail::OptionField<"processing_class", std::optional<Tokenizer>> processing_class{};
  /// Makes batches of rows; default: a PackedCollator.
  detail::OptionField<"data_collator", DataCollator> data_collator{};
  /// A user's loss instead of the model's.
  detail::OptionField<"compute_loss", ComputeLoss> compute_loss{};
  /// Called at the end of each evaluation.
  detail::OptionField<"compute_metrics", ComputeMetrics> compute_metrics{};
  /// Called at the events of a run.
  std::vector<std::shared_ptr<TrainerCallback>> callbacks{};
  /// Takes the place of lr_scheduler_type.
  detail::OptionField<"lr_scheduler", std::shared_ptr<LearningRateSchedule>> lr_scheduler{};
  /// Makes the optimizer of a run; default: AdamW.
  detail::OptionField<"optimizer", OptimizerFactory> optimizer{};
  /// The rows of each epoch; default: all, in random order.
  detail::OptionField<"sampler", std::shared_ptr<const Sampler>> sampler{};
  /// Parameters with a learning rate or decay of their own.
  std::vector<ParameterGroup> parameter_groups{};
  /// Where the Trainer's own callbacks show progress.
  std::shared_ptr<Console> console = standard_console();
};

/// Result of Trainer::train().
struct TrainOutput {
  std::int64_t global_step = 0;
  double training_loss = 0.0;  ///< mean over all updates
  Json metrics = Json::object();
  bool interrupted = false;  ///< a callback asked for it: see TrainerControl::should_interrupt
};

/// Result of Trainer::predict().
struct PredictionOutput {
  Tensor<float> predictions;            ///< logits [rows, C], in the order of the data set; of tokens [N, C]
  Tensor<std::int64_t> label_ids;       ///< [rows], or [N]; undefined if the data set has no labels
  std::vector<std::int64_t> offsets{};  ///< of tokens: where the rows begin, see EvalPrediction
  Tensor<float> label_values{};         ///< [rows, C] of several labels or of regression, see EvalPrediction
  Json metrics = Json::object();
};

/// From where train() goes on: nowhere (a fresh run), the last checkpoint in output_dir, or a checkpoint folder.
class ResumeFrom {
 public:
  ResumeFrom() = default;
  ResumeFrom(std::same_as<bool> auto last) : last_(last) {}
  ResumeFrom(std::filesystem::path checkpoint) : path_(std::move(checkpoint)) {}
  ResumeFrom(const char* checkpoint) : path_(checkpoint) {}
  ResumeFrom(const std::string& checkpoint) : path_(checkpoint) {}

  /// As TrainingArguments::resume_from_checkpoint says it: nothing, "true", "false", or a folder.
  static ResumeFrom argument(const std::optional<std::string>& text) {
    if (!text || *text == "false" || *text == "False") return {};
    if (*text == "true" || *text == "True") return true;
    return *text;
  }

  bool last() const { return last_; }
  const std::optional<std::filesystem::path>& path() const { return path_; }

 private:
  bool last_ = false;
  std::optional<std::filesystem::path> path_;
};

/// What a Trainer does without its model.
class TrainerBase {
 public:
  const TrainingArguments& args() const { return args_; }
  const TrainerState& state() const { return state_; }

  /// Adds a callback after the user's others, before the progress display.
  void add_callback(std::shared_ptr<TrainerCallback> callback) { callbacks_.add(std::move(callback)); }

  /// Writes `metrics` as a table to the console.
  void log_metrics(const std::string& split, const Json& metrics) const {
    std::vector<std::pair<std::string, std::string>> lines;
    std::size_t key_width = 0, value_width = 0;
    for (const auto& [key, value] : metrics.items()) {
      lines.emplace_back(key, formatted(key, value));
      key_width = std::max(key_width, key.size());
      value_width = std::max(value_width, lines.back().second.size());
    }
    std::sort(lines.begin(), lines.end());
    options_.console->line(str_cat("***** ", split, " metrics *****"));
    for (const auto& [key, value] : lines)
      options_.console->line(str_cat("  ", key, std::string(key_width - key.size(), ' '), " = ",
                                     std::string(value_width - value.size(), ' '), value));
  }

  /// Writes {split}_results.json into output_dir and, if `combined`, merges the metrics into all_results.json; neither
  /// is written before the other can be. Throws Error(format) for an all_results.json that is not an object, Error(io).
  void save_metrics(const std::string& split, const Json& metrics, bool combined = true) const {
    const std::filesystem::path folder = args_.output_dir;
    make_output_dir();
    std::vector<NamedText> files = {{str_cat(split, "_results.json"), dump_json(metrics, {.indent = 4})}};
    if (combined) {
      Json all = detail::read_all_results(folder);
      for (const auto& [key, value] : metrics.items()) all[key] = value;
      files.push_back({"all_results.json", dump_json(all, {.indent = 4})});
    }
    write_files(folder, files);
  }

  /// Makes output_dir and keeps other runs from training in it until this object ends; train() does so for its own
  /// time. Throws Error(state) if another run has it, Error(io).
  void lock_output_dir() {
    make_output_dir();
    if (!lock_) lock_ = std::make_shared<OutputLock>(args_.output_dir);
  }

  /// Writes trainer_state.json into output_dir.
  void save_state() const {
    make_output_dir();
    write_json(std::filesystem::path(args_.output_dir) / "trainer_state.json", state_.to_json());
  }

 protected:
  TrainerBase(const TrainingArguments& args, TrainerOptions&& options) : args_(args), options_(std::move(options)) {
    validate();
    detail::resolve(args_);
    callbacks_.add(std::make_shared<DefaultFlowCallback>());
    for (const auto& callback : options_.callbacks) callbacks_.add(callback);
    for (auto& reporter : make_reporters(args_.report_to)) reporters_.add(std::move(reporter));
    if (!options_.console) options_.console = silent_console();
    if (!args_.disable_tqdm)
      display_.add(std::make_shared<ProgressCallback>(options_.console, !callbacks_.shows_logs()));
    else if (!callbacks_.shows_logs()) display_.add(std::make_shared<PrinterCallback>(options_.console));
  }

  /// The event as callbacks get it; add what the occasion has.
  TrainerEvent event() {
    return {.args = args_,
            .state = state_,
            .control = control_,
            .model = event_model_,
            .logging_dir = logging_dir_,
            .options = &options_};
  }

  [[gnu::noinline]] void call(CallbackList::Event which, const TrainerEvent& details) {
    callbacks_.call(which, details);
    report(which, details);
    display_.call(which, details);
  }
  [[gnu::noinline]] void call(CallbackList::Event which) { call(which, event()); }

  /// Tells the user about something that the run survives: a line on the console, and the callbacks. This is the one
  /// way in which the Trainer reports what is no error; pass it on as std::function<void(const std::string&)>.
  void warn(const std::string& sentence) {
    options_.console->line(str_cat("warning: ", sentence));
    TrainerEvent details = event();
    details.warning = sentence;
    callbacks_.call(&TrainerCallback::on_warning, details);
    report(&TrainerCallback::on_warning, details);
  }

  /// Puts the epoch into `entry`, appends it to the history and tells the callbacks.
  void log(Json& entry) {
    if (state_.epoch) entry["epoch"] = *state_.epoch;
    Json stored = entry;
    stored["step"] = state_.global_step;
    state_.log_history.push_back(std::move(stored));
    control_.should_log = false;
    TrainerEvent details = event();
    details.logs = &entry;
    call(&TrainerCallback::on_log, details);
  }

  /// Compares an evaluation with the best one so far; true if it is better. A NaN never is.
  bool update_best(const Json& metrics) {
    if (!args_.metric_for_best_model) return false;
    const double value = metric_for_best_model(args_, metrics);
    const bool greater = args_.greater_is_better.value_or(true);
    const double former = state_.best_metric.value_or(greater ? -std::numeric_limits<double>::infinity()
                                                              : std::numeric_limits<double>::infinity());
    if (!(greater ? value > former : value < former)) return false;
    state_.best_metric = value;
    state_.best_global_step = state_.global_step;
    return true;
  }

  /// Name in front of every metric that does not have it yet.
  static std::string prefixed(const std::string& prefix, const std::string& name) {
    const std::string start = str_cat(prefix, '_');
    return name.starts_with(start) ? name : str_cat(start, name);
  }

  /// The folder of the checkpoint of update `step`.
  std::filesystem::path checkpoint_folder(std::int64_t step) const {
    return std::filesystem::path(args_.output_dir) / str_cat("checkpoint-", step);
  }

  void make_output_dir() const { detail::make_output_dir(args_.output_dir); }

  TrainingArguments args_;
  TrainerOptions options_;
  TrainerState state_;
  TrainerControl control_;
  CallbackList callbacks_;
  CallbackList reporters_;  // of report_to
  CallbackList display_;    // after all others, so that it shows what they made of an entry
  std::string logging_dir_ = detail::logging_folder(args_).string();
  const Model* event_model_ = nullptr;
  std::shared_ptr<OutputLock> lock_;

 private:
  void validate() const {
    detail::Problems problems{args_.problems()};
    const EvalDatasets& sets = options_.eval_dataset;
    const bool evaluates = args_.eval_strategy.known() && args_.eval_strategy != IntervalStrategy::no;
    problems.require(!evaluates || sets.has_value(), "eval_dataset: expected a data set because eval_strategy is ",
                     args_.eval_strategy.name(), ", got none");
    problems.require(!args_.eval_on_start || sets.has_value(),
                     "eval_dataset: expected a data set because eval_on_start is true, got none");
    if (std::string problem = sets.problem(); !problem.empty()) problems.add(std::move(problem));
    else if (evaluates && sets.has_value()) best_metric(problems);
    problems.require(!options_.sampler || !args_.group_by_length,
                     "group_by_length: expected false, because the Trainer was given a sampler, got true");
    const auto& sampling = args_.train_sampling_strategy;
    problems.require(!options_.sampler || !sampling.known() || sampling == SamplingStrategy::random,
                     "train_sampling_strategy: expected random, because the Trainer was given a sampler, got ",
                     sampling.name());
    problems.require(!options_.data_collator || !options_.train_dataset->collator(),
                     "data_collator: expected a Dataset as train_dataset, got a Collator, which makes batches itself");
    if (options_.train_dataset->stream()) stream_problems(problems);
    problems.raise("Trainer");
  }

  /// Adds what a stream as train_dataset cannot do.
  void stream_problems(detail::Problems& problems) const {
    problems.require(args_.max_steps > 0,
                     "max_steps: expected at least 1, because train_dataset is a stream, whose length is not known, "
                     "got ",
                     args_.max_steps);
    constexpr std::int64_t most = 100'000'000;  // a list of their numbers is in memory
    problems.require(args_.max_steps <= most / std::max<std::int64_t>(1, args_.gradient_accumulation_steps),
                     "max_steps: expected at most ", most, " batches for a run on a stream, got ", args_.max_steps,
                     " updates of ", args_.gradient_accumulation_steps);
    problems.require(!options_.sampler,
                     "sampler: expected none, because train_dataset is a stream; shuffle() the stream instead");
    const auto& sampling = args_.train_sampling_strategy;
    problems.require(!args_.group_by_length && (!sampling.known() || sampling != SamplingStrategy::group_by_length),
                     "group_by_length: expected false, because train_dataset is a stream, whose lengths are not known, "
                     "got true");
  }

  /// Adds what is known to be wrong with metric_for_best_model: the set it is of, or what only compute_metrics gives.
  void best_metric(detail::Problems& problems) const {
    const std::optional<std::string> metric = args_.resolved().metric_for_best_model;
    if (!metric) return;
    const EvalDatasets& sets = options_.eval_dataset;
    std::string names;
    for (const auto& set : sets.sets()) names += str_cat(names.empty() ? "" : ", ", sets.prefix(set.first), "_loss");
    const std::string full = eval_metric_name(*metric);
    const EvalDatasets::Named* const set = sets.set_of(full);
    if (set == nullptr)
      return problems.add(str_cat("metric_for_best_model: expected a metric of one of the eval_datasets, e.g. ", names,
                                  ", got ", *metric));
    const std::string rest = full.substr(sets.prefix(set->first).size() + 1);  // "loss"
    const bool known = rest.empty() || rest == "loss" || rest == "runtime" || rest.ends_with("_per_second");
    problems.require(
        known || (options_.compute_metrics && !args_.prediction_loss_only), "metric_for_best_model: expected ",
        sets.named() ? names : "loss", " because ",
        options_.compute_metrics ? "prediction_loss_only is true" : "the Trainer was given no compute_metrics",
        ", got ", *metric);
  }

  /// A reporter that cannot begin ends the run before time is spent; one that cannot go on must not cost what was
  /// trained.
  void report(CallbackList::Event which, const TrainerEvent& details) {
    if (which == &TrainerCallback::on_train_begin) return reporters_.call(which, details);
    reporters_.call_or_drop(which, details, [this](const std::string& complaint) {
      warn(str_cat("report_to: ", complaint, "; the run goes on without this reporter"));
    });
  }

  // As the reference's metrics_format: run times as h:mm:ss.xx, floating-point operations in units of 2^30.
  static std::string formatted(const std::string& key, const Json& value) {
    if (key.ends_with("_runtime") && value.is_number()) {
      const double seconds = value.get<double>();
      const auto whole = static_cast<std::int64_t>(seconds), minutes = whole / 60;
      char text[64];
      std::snprintf(text, sizeof text, "%lld:%02lld:", static_cast<long long>(whole / 3600),
                    static_cast<long long>(minutes % 60));
      const std::string rest = detail::fixed_text(seconds - static_cast<double>(60 * minutes), 2);
      return str_cat(text, rest.size() < 5 ? "0" : "", rest);
    }
    if (key == "total_flos" && value.is_number())
      return str_cat(static_cast<std::int64_t>(value.get<double>()) >> 30, "GF");
    if (value.is_number_float()) return detail::python_float(detail::rounded(value.get<double>(), 4));
    return value.is_string() ? value.get<std::string>() : dump_json(value, {.indent = -1});
  }
};

}  // namespace tl
