// Trainer: fine-tunes a classifier as the Python stack's Trainer does: the same batches, updates, log entries, files
// and order of events, in the arithmetic of its version 4 (a short last accumulation group is averaged over its own
// size). What it does better: a resumed run equals the uninterrupted one bit for bit, a checkpoint is complete or not
// there, and NaN ends the run with a sentence. docs/training.md lists every difference.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <tl/autograd/host_values.hpp>
#include <tl/core/finite.hpp>
#include <tl/data/batch_loader.hpp>
#include <tl/nn/initialize.hpp>
#include <tl/optim/gradient_norm.hpp>
#include <tl/train/checkpoint_checksums.hpp>
#include <tl/train/model.hpp>
#include <tl/train/train_loop.hpp>
#include <tl/train/trainer_evaluation.hpp>
#include <tl/train/update_group.hpp>

namespace tl {

/// Trains, evaluates and saves a model.
class Trainer : public TrainerEvaluation {
 public:
  /// Moves `model`, which must outlive the Trainer, to args.device(). Throws one Error(invalid_argument) that lists
  /// every contradiction, and Error(device) for a device that cannot be used, or not in bf16.
  Trainer(Model& model, const TrainingArguments& args, TrainerOptions options = {})
      : TrainerEvaluation(model, args, std::move(options)) {
    call(&TrainerCallback::on_init_end);
  }

  /// Trains from the start, or goes on from a checkpoint: train(true) takes the newest whole one in output_dir,
  /// train(folder) that one. Afterwards the model is in the mode it was in before. Throws Error(numeric) for a loss or
  /// gradient that is not finite, naming step and rows, whatever reading data or writing checkpoints throws, and, when
  /// it has saved what was trained, what an evaluation throws. Throws Error(state) for a model never initialized.
  TrainOutput train(const ResumeFrom& resume_from = {});

  /// Writes model, tokenizer and training_args.json into `folder` (default: output_dir); if one of them cannot be
  /// written, none is; if they were written and cannot take their places, the sentence names the folder where they
  /// stay. Throws Error(io), Error(numeric) for weights that are not finite.
  void save_model(const std::filesystem::path& folder = {}) const {
    const std::filesystem::path to = folder.empty() ? std::filesystem::path(args_.output_dir) : folder;
    make_folder(to);
    detail::tidy_output_dir(to);
    AtomicFolder building(to / "model", IfExists::replace);  // never takes this name: its files go into `to`
    write_model(building.path());
    building.commit_files(to);
  }

 private:
  /// True if the run is to end before its last step.
  bool stops() const { return control_.should_training_stop || control_.should_interrupt; }

  detail::Warn warning() {
    return [this](const std::string& sentence) { warn(sentence); };
  }

  std::shared_ptr<const Collator> training_data() const;
  std::shared_ptr<OutputLock> prepare_output_dir(TrainLoop& loop);
  void resume(const std::filesystem::path& checkpoint);
  void train_epoch(TrainLoop& loop);
  void optimizer_step(TrainLoop& loop, BatchLoader& batches, std::int64_t group);
  void training_steps(TrainLoop& loop, BatchLoader& batches, std::int64_t group);
  void training_step(TrainLoop& loop, const MicroBatch& micro, const std::shared_ptr<PackedWeightCache>& weights);
  const kernels::StepState& look_at_device(TrainLoop& loop, bool begun = false);
  void log_evaluate_save(TrainLoop& loop);
  bool evaluate_for_best(TrainLoop& loop);
  std::string rescue(TrainLoop& loop);
  std::filesystem::path save_checkpoint(TrainLoop& loop);
  TrainOutput totals(TrainLoop& loop, const Stopwatch& watch) const;
  void load_best_model(TrainLoop& loop);
  void keep_best_alone();
  TrainOutput finalize(TrainLoop& loop, const Stopwatch& watch);

  [[noreturn]] void fail_numeric(const char* expected, double got, const char* which, const DeviceStep::Place& place,
                                 const TrainLoop& loop) const {
    fail(ErrorCode::numeric, "training: expected ", expected, detail::without_sign_of_nan(got), " in step ", place.step,
         " (epoch ", place.epoch, "); the ", which, " had ", loop.collate.describe(place.rows));
  }
  [[noreturn]] void fail_loss(double got, const DeviceStep::Place& place, const TrainLoop& loop) const {
    fail_numeric("a finite loss, got ", got, "micro-batch", place, loop);
  }
  [[noreturn]] void fail_norm(double got, const DeviceStep::Place& place, const TrainLoop& loop) const {
    fail_numeric("finite gradients, got a norm of ", got, "last micro-batch", place, loop);
  }
  [[noreturn]] void fail_scale(double got, const DeviceStep::Place& place, const TrainLoop& loop) const {
    fail_numeric("gradients that fit into half, they are not finite even with a scale of the loss of ", 2.0 * got,
                 "last micro-batch", place, loop);
  }
  /// Where the run is while it computes with `rows`.
  DeviceStep::Place place(std::span<const std::int64_t> rows) const {
    return {state_.global_step + 1, *state_.epoch, {rows.begin(), rows.end()}};
  }

  /// A model with NaN in it is of no use, and the last update may have made it one after the last look at a loss.
  void check_weights() const {
    const HostValues<float> host(model_.parameters());
    for (const auto& part : model_.parameters().named()) {
      const Tensor<float> values = host.of(part);
      for (const float value : values.span())
        if (!detail::is_finite(value))
          fail(ErrorCode::numeric, "training: expected finite weights after step ", state_.global_step, ", got ",
               detail::without_sign_of_nan(value), " in ", part.name,
               "; the model was not saved, train with a smaller learning_rate or with max_grad_norm");
    }
  }

  void write_model(const std::filesystem::path& folder) const {
    check_weights();
    model_.save_pretrained(folder);
    if (options_.processing_class) (*options_.processing_class)->save_pretrained(folder);
    write_json(folder / "training_args.json", to_json(args_), {.sort_keys = false});
  }
};

inline TrainOutput Trainer::train(const ResumeFrom& resume_from) {
  const detail::ContextGuard restore(model_.context());
  generator_.seed(seed());
  const bool resumes = resume_from.last() || resume_from.path();
  const std::filesystem::path checkpoint = resume_from.last()
                                               ? detail::newest_complete_checkpoint(args_.output_dir, warning())
                                               : resume_from.path().value_or(std::filesystem::path());
  if (resumes && !resume_from.last()) detail::check_checkpoint(checkpoint);
  const std::shared_ptr<const Collator> rows = training_data();
  TrainLoop loop(args_, *rows, model_.parameters(),
                 {*options_.lr_scheduler, options_.parameter_groups, *options_.optimizer, *options_.sampler});
  const std::shared_ptr<OutputLock> lock = prepare_output_dir(loop);
  state_ = resumes ? loop.resume(checkpoint, args_, model_.parameters(), generator_) : loop.initial_state(args_);
  if (resumes) resume(checkpoint);
  nn::check_initialized(model_.parameters(), "train");
  loop.use_device(model_.parameters().raw_values().device(), precision(), loss_options().settings);
  const Stopwatch watch;

  model_.parameters().zero_grad();
  control_.should_training_stop = control_.should_interrupt = false;
  TrainerEvent begin = event();
  begin.train_rows = loop.collate.size() * loop.rows_of_index(args_);
  call(&TrainerCallback::on_train_begin, begin);
  if (args_.eval_on_start && !resumes) evaluate();

  // A run that was interrupted between its last update and the end of that epoch still has to end the epoch.
  const auto more = [&] { return state_.global_step < loop.plan.total_steps || loop.inside_epoch; };
  while (loop.progress.epoch < loop.plan.epochs && !stops() && more()) train_epoch(loop);
  return finalize(loop, watch);
}

/// train_dataset in batches. Throws what is wrong with it, or with eval_dataset.
inline std::shared_ptr<const Collator> Trainer::training_data() const {
  check(options_.train_dataset->has_value(), ErrorCode::state,
        "train(): expected a train_dataset, the Trainer was given none");
  if (!options_.compute_loss) model_.check_trainable();
  std::shared_ptr<const Collator> collate = collator(*options_.train_dataset, "train_dataset");
  check(collate->has_labels() || options_.compute_loss, ErrorCode::not_found,
        "train_dataset: expected a column label or labels, there is none");
  (void)loss_options(collate.get());
  if (args_.eval_strategy == IntervalStrategy::no) return collate;
  const EvalDatasets& sets = options_.eval_dataset;
  const std::string metric = eval_metric_name(args_.metric_for_best_model.value_or(""));
  for (const EvalDatasets::Named& set : sets.sets()) {
    const std::string name = eval_name(sets.prefix(set.first));
    const bool labels = collator(set.second, name)->has_labels();
    check(labels || !args_.metric_for_best_model || sets.set_of(metric) != &set, ErrorCode::not_found, name,
          ": expected a column label or labels because metric_for_best_model is ",
          args_.metric_for_best_model.value_or(""), ", there is none");
  }
  return collate;
}

/// Checks and tidies output_dir, if checkpoints are to be written there, and keeps other runs out until the lock ends.
inline std::shared_ptr<OutputLock> Trainer::prepare_output_dir(TrainLoop& loop) {
  if (args_.save_strategy == IntervalStrategy::no) return lock_;
  make_output_dir();
  std::shared_ptr<OutputLock> lock = lock_ ? lock_ : std::make_shared<OutputLock>(args_.output_dir);
  check_output_dir(args_.output_dir,
                   checkpoint_bytes(model_.parameters(), args_.save_only_model,
                                    static_cast<std::int64_t>(loop.optimizer->buffers().size())),
                   "a checkpoint");
  return lock;
}

/// Restores model and callbacks; the state is that of the checkpoint already.
inline void Trainer::resume(const std::filesystem::path& checkpoint) {
  model_.load_weights(checkpoint);
  callbacks_.restore(state_.stateful_callbacks);
  reporters_.restore(state_.stateful_callbacks);
  detail::find_best_checkpoint(state_, checkpoint, args_.output_dir, warning());
}

inline void Trainer::train_epoch(TrainLoop& loop) {
  ResumeState& progress = loop.progress;
  const std::int64_t skipped = std::exchange(loop.next_batch, 0);
  const bool inside = std::exchange(loop.inside_epoch, false);
  progress.epoch_ended = false;
  progress.epoch_generator = generator_.state();
  control_.should_epoch_stop = false;
  if (!inside) call(&TrainerCallback::on_epoch_begin);
  BatchLoader batches({loop.epoch_order(generator_), args_.per_device_train_batch_size / loop.rows_of_index(args_),
                       args_.dataloader_drop_last},
                      loop.collate, skipped);
  if (inside) generator_.restore(progress.generator);

  progress.batches_done = skipped;
  while (progress.batches_done < batches.size() && state_.global_step < loop.plan.total_steps &&
         !control_.should_epoch_stop && !stops()) {
    const std::int64_t group = std::min(args_.gradient_accumulation_steps, batches.size() - progress.batches_done);
    optimizer_step(loop, batches, group);
    progress.batches_done += group;
    state_.epoch = static_cast<double>(progress.epoch) +
                   static_cast<double>(progress.batches_done) / static_cast<double>(batches.size());
    TrainerEvent done = event();
    done.rows = batches.rows();
    done.learning_rate = loop.progress.learning_rate;
    call(&TrainerCallback::on_step_end, done);
    log_evaluate_save(loop);
  }
  if (control_.should_interrupt) return;  // the run that goes on will end the epoch
  call(&TrainerCallback::on_epoch_end);
  progress.epoch_ended = true;
  log_evaluate_save(loop);
  ++progress.epoch;
}

/// One update from the next `group` micro-batches.
inline void Trainer::optimizer_step(TrainLoop& loop, BatchLoader& batches, std::int64_t group) {
  control_.should_log = control_.should_evaluate = control_.should_save = false;
  call(&TrainerCallback::on_step_begin);
  training_steps(loop, batches, group);
  double clip = 1.0;
  bool skipped = false;
  if (loop.device) {
    loop.device->prepare_update(model_.parameters(), args_.max_grad_norm);
    if (!loop.optimizer->reads_step_state() || loop.device->must_look()) {
      const kernels::StepState& state = look_at_device(loop, true);
      clip = static_cast<double>(state.clip);
      skipped = !state.apply;
    }
  } else if (args_.max_grad_norm > 0) {
    loop.progress.grad_norm = static_cast<float>(gradient_norm(model_.parameters()));
    if (!detail::is_finite(loop.progress.grad_norm)) fail_norm(loop.progress.grad_norm, place(batches.rows()), loop);
    clip = clip_coefficient(loop.progress.grad_norm, args_.max_grad_norm);
  }
  loop.progress.learning_rate = loop.learning_rate();
  TrainerEvent details = event();
  details.learning_rate = loop.progress.learning_rate;
  call(&TrainerCallback::on_pre_optimizer_step, details);
  if (!skipped) loop.optimizer_step(clip);
  call(&TrainerCallback::on_optimizer_step, details);
  loop.optimizer->zero_grad();
  ++state_.global_step;
}

/// Gradients of the next `group` micro-batches, which all have the same weights.
inline void Trainer::training_steps(TrainLoop& loop, BatchLoader& batches, std::int64_t group) {
  const auto weights = group > 1 ? std::make_shared<PackedWeightCache>() : nullptr;
  UpdateGroup update(batches, group, loss_options().settings, loss_options().compute_loss != nullptr);
  for (std::int64_t i = 0; i < group; ++i) {
    const MicroBatch micro = update.next();
    training_step(loop, micro, weights);
    if (i + 1 == group) break;
    TrainerEvent done = event();
    done.rows = micro.rows;
    call(&TrainerCallback::on_substep_end, done);
  }
}

/// Forward and backward of a micro-batch.
inline void Trainer::training_step(TrainLoop& loop, const MicroBatch& micro,
                                   const std::shared_ptr<PackedWeightCache>& weights) {
  const nn::PackedWeightScope scope(model_.context(), weights);
  model_.train(true);
  set_precision();
  model_.context().seed = seed();
  model_.context().step = loop.progress.micro_batch++;
  const bool has_loss = options_.compute_loss || micro.has_loss();  // the mean over no rows is NaN, its gradients zeros
  if (loop.device) {
    model_.context().step_memory = loop.device->micro_batch();
    const LossOptions options{loop.device->loss_settings(), loss_options().compute_loss};
    const Batch batch = micro.batch.to(model_.parameters().raw_values().device());
    const Variable<float> loss = compute_loss(model_, batch, model_.context(), options).loss;
    loop.device->backward(loss, micro, has_loss, place(micro.rows));
  } else {
    const Variable<float> loss = compute_loss(model_, micro.batch, model_.context(), loss_options()).loss;
    const float value = has_loss ? loss.value().item() : 0.0F;
    if (!detail::is_finite(value)) fail_loss(value, place(micro.rows), loop);
    loss.backward(Tensor<float>::full(loss.shape(), micro.share(), loss.device()));
    loop.progress.loss_since_log += micro.part(value);
  }
  state_.total_flos += 6.0 * static_cast<double>(micro.batch.padded_tokens()) *
                       static_cast<double>(detail::parameters_without_embeddings(model_.parameters()));
}

/// Waits for what a GPU was given since the last look, and takes over what it computed; `begun` between the norm of an
/// update and the optimizer. Throws Error(numeric) for the first loss or norm that was not finite, in fp16 for a scale
/// of the loss that became too small.
inline const kernels::StepState& Trainer::look_at_device(TrainLoop& loop, bool begun) {
  const kernels::StepState& state = loop.device->look();
  if (state.failure != kernels::StepFailure::none) {
    const DeviceStep::Place& place = loop.device->place(state.failed_micro_batch);
    if (state.failure == kernels::StepFailure::loss) fail_loss(state.failed_value, place, loop);
    if (state.failure == kernels::StepFailure::scale) fail_scale(state.failed_value, place, loop);
    fail_norm(state.failed_value, place, loop);
  }
  loop.device->forget();
  loop.take(state, begun);
  return state;
}

inline void Trainer::log_evaluate_save(TrainLoop& loop) {
  ResumeState& progress = loop.progress;
  const bool logs = control_.should_log && state_.global_step > progress.last_logged_step;
  if (loop.device && (logs || control_.should_evaluate || control_.should_save || control_.should_interrupt))
    look_at_device(loop);
  if (logs) {
    const double sum = progress.loss_since_log;
    const double mean = sum / static_cast<double>(state_.global_step - progress.last_logged_step);
    Json entry = {{"loss", detail::rounded(mean, 4)}};
    if (!detail::is_nan(loop.progress.grad_norm)) entry["grad_norm"] = loop.progress.grad_norm;
    entry["learning_rate"] = loop.progress.learning_rate;
    entry["tl_loss"] = mean;
    if (loop.device && loop.device->scaled()) {
      entry["tl_loss_scale"] = progress.loss_scale;
      entry["tl_skipped_updates"] = progress.skipped_updates;
    }
    progress.loss_logged += sum;
    progress.loss_since_log = 0.0F;
    if (loop.device) loop.device->clear_loss();
    progress.last_logged_step = state_.global_step;
    log(entry);
  }
  if (control_.should_evaluate) {
    const bool best = evaluate_for_best(loop);
    if (args_.save_strategy == IntervalStrategy::best) control_.should_save = best;
  }
  if (control_.should_interrupt && args_.save_strategy != IntervalStrategy::no) control_.should_save = true;
  if (control_.should_save) {
    save_checkpoint(loop);
    control_.should_save = false;
    call(&TrainerCallback::on_save);
  }
}

/// Evaluates, and compares with the best so far; true if it is better. What metrics and callbacks throw is often found
/// only here, long after the start, and must not cost what was trained.
inline bool Trainer::evaluate_for_best(TrainLoop& loop) {
  try {
    const Json metrics = evaluate();
    if (args_.metric_for_best_model) loop.schedule->on_evaluate(metric_for_best_model(args_, metrics));
    else if (metrics.contains("eval_loss")) loop.schedule->on_evaluate(metrics.at("eval_loss").get<double>());
    return update_best(metrics);
  } catch (const Error& error) {
    const std::string sentence = error.what();
    fail(error.code(), sentence, "; ", rescue(loop));
  } catch (...) {
    warn(str_cat("the evaluation after step ", state_.global_step, " ended with an error; ", rescue(loop)));
    throw;
  }
}

/// Writes a checkpoint of a run that is about to end with an error, and says where, or why there is none.
inline std::string Trainer::rescue(TrainLoop& loop) {
  std::filesystem::path folder;
  const std::string reason = detail::complaint_of([&] { folder = save_checkpoint(loop); });
  if (!reason.empty()) return str_cat("what was trained could not be saved: ", reason);
  return str_cat("what was trained so far is in ", folder.native());
}

/// Writes a checkpoint, deletes those that are too many, and returns the folder.
inline std::filesystem::path Trainer::save_checkpoint(TrainLoop& loop) {
  const auto usual = checkpoint_folder(state_.global_step), folder = detail::place_for_checkpoint(usual);
  if (folder != usual)
    warn(str_cat(usual.native(), " is there already and is no checkpoint; it stays as it is, the checkpoint is in ",
                 folder.native()));
  if (state_.best_global_step == state_.global_step) state_.best_model_checkpoint = folder.string();
  else if (state_.best_global_step && detail::is_checkpoint(checkpoint_folder(*state_.best_global_step)))
    state_.best_model_checkpoint = checkpoint_folder(*state_.best_global_step).string();
  make_output_dir();
  AtomicFolder building(folder, IfExists::replace);  // that of an earlier run
  const ChecksumLog checksums;
  write_model(building.path());
  if (!args_.save_only_model) {
    loop.progress.generator = generator_.state();
    loop.save(building.path(), model_.parameters());
  }
  state_.stateful_callbacks["TrainerControl"] = {{"args",
                                                  {{"should_epoch_stop", control_.should_epoch_stop},
                                                   {"should_evaluate", control_.should_evaluate},
                                                   {"should_log", control_.should_log},
                                                   {"should_save", control_.should_save},
                                                   {"should_training_stop", control_.should_training_stop}}},
                                                 {"attributes", Json::object()}};
  callbacks_.save(state_.stateful_callbacks);
  reporters_.save(state_.stateful_callbacks);
  write_json(building.path() / "trainer_state.json", state_.to_json());
  detail::write_checksums(building.path(), checksums);
  building.commit();
  if (args_.save_total_limit)
    for (const std::string& warning : detail::rotate_checkpoints(args_.output_dir, *args_.save_total_limit,
                                                                 state_.best_model_checkpoint, state_.global_step))
      warn(warning);
  return folder;
}

/// Loads the best weights if asked for, logs the run's totals, and tidies up; a run that was interrupted goes on later.
inline TrainOutput Trainer::finalize(TrainLoop& loop, const Stopwatch& watch) {
  if (loop.device) look_at_device(loop);
  loop.optimizer->materialize_rows();  // part of the run's time
  if (!control_.should_interrupt) load_best_model(loop);
  TrainOutput output = totals(loop, watch);
  if (!output.interrupted) {
    log(output.metrics);
    keep_best_alone();
  }
  call(&TrainerCallback::on_train_end);
  return output;
}

inline TrainOutput Trainer::totals(TrainLoop& loop, const Stopwatch& watch) const {
  const double steps = static_cast<double>(state_.global_step);
  const double loss = (loop.progress.loss_logged + loop.progress.loss_since_log) / std::max(steps, 0.001);
  // after a resume the speed is that of this process
  const std::int64_t left = std::max<std::int64_t>(loop.plan.total_steps - loop.first_step, 0);
  const double here =
      loop.plan.total_steps > 0 ? static_cast<double>(left) / static_cast<double>(loop.plan.total_steps) : 1.0;
  TrainOutput output{state_.global_step, loss, Json::object(), control_.should_interrupt};
  detail::add_speed_metrics(output.metrics, "train", watch.seconds(), loop.plan.samples * here,
                            static_cast<double>(loop.plan.total_steps) * here);
  output.metrics["total_flos"] = state_.total_flos;
  output.metrics["train_loss"] = loss;
  return output;
}

/// Loads the best weights if asked for. If they cannot be loaded any more, the last ones stay.
inline void Trainer::load_best_model(TrainLoop& loop) {
  if (!args_.load_best_model_at_end || !state_.best_model_checkpoint || !state_.best_global_step) return;
  Tensor<float> values = model_.parameters().values();  // shares the memory
  auto buffers = loop.optimizer->buffers();             // not needed any more, so one of them keeps the last weights
  if (buffers.empty())
    buffers.push_back({"", Tensor<float>::empty({model_.parameters().trainable_end()}, model_.device())});
  Tensor<float> last = buffers.front().values, weights = values.view(0, last.shape());
  last.copy_from(weights);
  const std::filesystem::path best = *state_.best_model_checkpoint;
  std::string reason = detail::why_not_loadable(best, *state_.best_global_step);
  if (reason.empty()) reason = detail::complaint_of([&] { model_.load_weights(best); });
  if (reason.empty()) return;
  weights.copy_from(last);
  warn(str_cat("load_best_model_at_end: the best checkpoint, ", best.native(), ", cannot be loaded (", reason,
               "); the model has the weights of step ", state_.global_step));
  state_.best_model_checkpoint.reset();
}

/// With save_total_limit = 1 only the best checkpoint is left at the end.
inline void Trainer::keep_best_alone() {
  if (args_.save_total_limit != 1 || !state_.best_model_checkpoint ||
      !std::filesystem::exists(*state_.best_model_checkpoint))
    return;
  for (const auto& checkpoint : detail::sorted_checkpoints(args_.output_dir)) {
    if (detail::same_folder(checkpoint, *state_.best_model_checkpoint) || !detail::is_checkpoint(checkpoint)) continue;
    if (const std::string warning = detail::remove_checkpoint(checkpoint); !warning.empty()) warn(warning);
  }
}

}  // namespace tl
