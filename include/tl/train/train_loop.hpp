// TrainLoop: the state of one call of Trainer::train() that does not depend on the model's type: data, plan,
// schedule, optimizer, and the position, which is what a checkpoint keeps.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/collator.hpp>
#include <tl/data/sampler.hpp>
#include <tl/optim/adamw.hpp>
#include <tl/optim/schedule.hpp>
#include <tl/train/checkpoint.hpp>
#include <tl/train/checkpoint_checksums.hpp>
#include <tl/train/device_step.hpp>
#include <tl/train/learning_rate_groups.hpp>
#include <tl/train/scheduler_state.hpp>
#include <tl/train/train_schedule.hpp>
#include <tl/train/trainer_state.hpp>

namespace tl {

/// The custom parts of a run; what is not given is made as the arguments say.
struct TrainLoopParts {
  std::shared_ptr<LearningRateSchedule> schedule{};
  std::vector<ParameterGroup> groups{};
  OptimizerFactory optimizer{};
  std::shared_ptr<const Sampler> sampler{};
};

struct TrainLoop {
  const Collator& collate;
  std::shared_ptr<const Sampler> sampler;
  TrainSchedule plan;
  std::shared_ptr<LearningRateSchedule> schedule;
  std::unique_ptr<Optimizer<float>> optimizer;
  ResumeState progress{};
  std::unique_ptr<DeviceStep> device{};  ///< of a model on a GPU
  std::int64_t first_step = 0;           ///< updates made before this call
  std::int64_t scheduled_step = 0;  ///< updates that the schedule counts: without those skipped, as far as is known
  std::int64_t next_batch = 0;      ///< micro-batches of the first epoch to skip
  bool inside_epoch = false;        ///< the first epoch was begun before the interruption

  /// A fresh run over `rows`, which must outlive it.
  TrainLoop(const TrainingArguments& args, const Collator& rows, ParameterSpace<float>& parameters,
            const TrainLoopParts& parts = {})
      : collate(rows),
        sampler(parts.sampler ? parts.sampler : make_sampler(args, rows)),
        plan(train_schedule(args, epoch_rows(*sampler, rows) * rows_of_index(args))),
        schedule(parts.schedule ? parts.schedule
                                : make_schedule(args.lr_scheduler_type, {.learning_rate = args.learning_rate,
                                                                         .warmup_steps = plan.warmup_steps,
                                                                         .total_steps = plan.total_steps,
                                                                         .kwargs = args.lr_scheduler_kwargs})),
        optimizer(make_optimizer(args, parameters, parts)),
        base_rate_(args.learning_rate) {
    schedule->on_train_begin(plan.total_steps, plan.warmup_steps);
    progress.batches = {.rows = collate.is_stream() ? BatchSettings::rows_of_stream : collate.size(),
                        .batch_size = args.per_device_train_batch_size,
                        .accumulation = args.gradient_accumulation_steps,
                        .seed = args.seed,
                        .data_seed = args.data_seed.value_or(args.seed),
                        .group_by_length = args.sampling() == SamplingStrategy::group_by_length,
                        .drop_last = args.dataloader_drop_last,
                        .sampler = parts.sampler ? sampler->name() : std::string(),
                        .sampler_rows = parts.sampler ? sampler->size() : 0,
                        .fingerprint = collate.fingerprint(),
                        .sequential = !parts.sampler && args.sampling() == SamplingStrategy::sequential,
                        .stream = collate.is_stream()};
  }

  /// Of a stream an index is a batch, else a row.
  std::int64_t rows_of_index(const TrainingArguments& args) const {
    return collate.is_stream() ? args.per_device_train_batch_size : 1;
  }

  /// The state a fresh run begins with.
  TrainerState initial_state(const TrainingArguments& args) const {
    TrainerState state;
    state.epoch = 0.0;
    set_totals(state, args);
    return state;
  }

  /// Loads moments and position from a checkpoint and returns its state. The totals are those of the present arguments;
  /// what decides the batches must be the same as then. `generator` continues as it would have.
  /// Throws Error(invalid_argument) listing what differs, Error(format) and others for damaged files.
  TrainerState resume(const std::filesystem::path& checkpoint, const TrainingArguments& args,
                      const ParameterSpace<float>& parameters, Mt19937& generator) {
    const ResumeState saved = detail::load_progress(checkpoint);
    const std::string differences = batch_differences(saved.batches, progress.batches);
    check(differences.empty() || args.ignore_data_skip, ErrorCode::invalid_argument, "cannot resume from ",
          checkpoint.string(), " with the same batches: ", differences,
          "; set ignore_data_skip = true to begin the epoch's data anew");
    TrainerState state = TrainerState::load(checkpoint / "trainer_state.json");
    check_agreement(saved, state, checkpoint);
    load_optimizer(checkpoint, *optimizer, parameters);
    scheduled_step = state.global_step - saved.skipped_updates;
    check(optimizer->steps() == scheduled_step, ErrorCode::format, checkpoint.string(),
          ": expected optimizer.safetensors and trainer_state.json to be of the same step, got ", optimizer->steps(),
          " and ", scheduled_step);
    detail::verify_checksums(checkpoint);  // last, because the others say more about what they find
    detail::load_schedule(checkpoint, *schedule);
    set_totals(state, args);
    first_step = state.global_step;
    take_position(saved);
    if (args.ignore_data_skip) {
      inside_epoch = false;
      progress.epoch = first_step / plan.updates_per_epoch;
    }
    next_batch = inside_epoch ? saved.batches_done : 0;
    generator.restore(inside_epoch ? saved.epoch_generator : saved.generator);
    return state;
  }

  /// The learning rate of the update after `scheduled_step`, of parameters without a rate of their own.
  double learning_rate() const { return scheduled(base_rate_, scheduled_step); }

  /// The next update of all parameters, with gradients multiplied by `gradient_scale` or, on a GPU, by what its state
  /// says, if the optimizer reads it.
  void optimizer_step(double gradient_scale) {
    const std::int64_t step = scheduled_step++;
    OptimizerStep update{.schedule = [&](double rate) { return scheduled(rate, step); },
                         .gradient_scale = gradient_scale};
    if (device && optimizer->reads_step_state()) {
      update.state = device->state();
      update.later_schedule = [&](double rate, std::int64_t later) { return scheduled(rate, step + later); };
      update.updates_left = plan.total_steps - step;
    }
    optimizer->step(update);
  }

  /// Keeps the scalars of a run in `precision` on the device of its model, if that is a GPU.
  void use_device(Device model, Precision precision, const LossSettings& settings) {
    if (model.type == DeviceType::cpu) return;
    if (precision == Precision::f16 && progress.loss_scale == 0.0F) progress.loss_scale = kernels::LossScaling::initial;
    device = std::make_unique<DeviceStep>(model,
                                          kernels::StepState{.updates = optimizer->steps(),
                                                             .micro_batch = progress.micro_batch,
                                                             .skipped = progress.skipped_updates,
                                                             .loss_since = progress.last_logged_step,
                                                             .loss = progress.loss_since_log,
                                                             .grad_norm = static_cast<float>(progress.grad_norm),
                                                             .loss_scale = progress.loss_scale,
                                                             .scale_age = progress.scale_age},
                                          precision, settings);
  }

  /// Takes over what the device has computed. `begun`: of the present update, which the optimizer did not make yet.
  void take(const kernels::StepState& state, bool begun) {
    progress.loss_since_log = state.loss;
    progress.grad_norm = state.grad_norm;
    if (!device->scaled()) return;
    progress.loss_scale = state.loss_scale;
    progress.scale_age = state.scale_age;
    progress.skipped_updates = state.skipped;
    scheduled_step = state.updates - (begun && state.apply ? 1 : 0);
    if (optimizer->steps() != scheduled_step) optimizer->set_steps(scheduled_step);
    // The rate of the last update, made or skipped; the schedule did not go on after one that was skipped.
    const std::int64_t last = state.updates - state.apply;
    if (!begun && last >= 0) progress.learning_rate = scheduled(base_rate_, last);
  }

  /// The rows of the present epoch in their order, always the same for the same seed and epoch.
  std::vector<std::int64_t> epoch_order(Mt19937& generator) const {
    generator.next_int64();
    return checked_order(*sampler, collate.size(), progress.epoch, generator);
  }

  /// Writes what resume() reads, but for trainer_state.json.
  void save(const std::filesystem::path& folder, const ParameterSpace<float>& parameters) {
    save_optimizer(folder, *optimizer, parameters);
    detail::save_progress(folder, progress);
    detail::save_schedule(folder, *schedule,
                          {{"last_epoch", scheduled_step},
                           {"learning_rate", base_rate_},
                           {"lr_scheduler_type", schedule->name()},
                           {"total_steps", plan.total_steps},
                           {"warmup_steps", plan.warmup_steps}});
  }

 private:
  static std::shared_ptr<const Sampler> make_sampler(const TrainingArguments& args, const Collator& rows) {
    if (rows.is_stream() || args.sampling() == SamplingStrategy::sequential)
      return std::make_shared<SequentialSampler>(rows.size());
    if (args.sampling() == SamplingStrategy::group_by_length)
      return std::make_shared<LengthGroupedSampler>(
          rows.lengths(), args.per_device_train_batch_size * args.gradient_accumulation_steps);
    return std::make_shared<RandomSampler>(rows.size(), static_cast<std::uint64_t>(args.data_seed.value_or(args.seed)));
  }

  /// Throws Error(invalid_argument) for a user's sampler that visits no rows.
  static std::int64_t epoch_rows(const Sampler& sampler, const Collator& rows) {
    check(sampler.size() > 0 || rows.size() == 0, ErrorCode::invalid_argument, "sampler ", sampler.name(),
          ": expected at least one row in an epoch, got ", sampler.size());
    return sampler.size();
  }

  /// The user's optimizer, or AdamW. Throws Error(state) for a factory that gives none.
  static std::unique_ptr<Optimizer<float>> make_optimizer(const TrainingArguments& args,
                                                          ParameterSpace<float>& parameters,
                                                          const TrainLoopParts& parts) {
    std::vector<ParameterGroup> groups = training_groups(args, parts.groups, parameters);
    if (!parts.optimizer)
      return std::make_unique<AdamW<float>>(parameters, AdamWOptions{.learning_rate = args.learning_rate,
                                                                     .beta1 = args.adam_beta1,
                                                                     .beta2 = args.adam_beta2,
                                                                     .epsilon = args.adam_epsilon,
                                                                     .weight_decay = args.weight_decay,
                                                                     .defer_rows = true,
                                                                     .rounded_weights = args.precision(),
                                                                     .groups = std::move(groups)});
    auto optimizer = parts.optimizer(parameters, {args.learning_rate, args.weight_decay, std::move(groups)});
    check(optimizer != nullptr, ErrorCode::invalid_argument,
          "optimizer: expected a function that makes an optimizer, it gave a null pointer");
    detail::checked_buffers(*optimizer, parameters);
    return optimizer;
  }

  /// Throws Error(invalid_argument) for a learning rate that a user's schedule gives and that is none.
  double scheduled(double base, std::int64_t step) const {
    const double rate = schedule->learning_rate(base, step);
    if (!(detail::is_finite(rate) && rate >= 0))
      fail(ErrorCode::invalid_argument, "lr_scheduler ", schedule->name(),
           ": expected a finite learning rate >= 0 for step ", step, ", got ",
           detail::is_nan(rate) ? std::abs(rate) : rate);
    return rate;
  }

  /// Throws Error(format) if progress.json and trainer_state.json cannot be of the same moment.
  static void check_agreement(const ResumeState& saved, const TrainerState& state,
                              const std::filesystem::path& checkpoint) {
    const auto need = [&checkpoint](bool agree, const char* key, const auto& value, const auto& expected) {
      check(agree, ErrorCode::format, (checkpoint / "progress.json").native(), ", key \"", key, "\": expected ",
            expected, " as trainer_state.json has it, got ", value);
    };
    need(saved.last_logged_step <= state.global_step, "last_logged_step", saved.last_logged_step,
         str_cat("at most global_step, ", state.global_step));
    need(saved.micro_batch >= static_cast<std::uint64_t>(state.global_step), "micro_batch", saved.micro_batch,
         str_cat("at least global_step, ", state.global_step));
    const double epoch = state.epoch.value_or(static_cast<double>(saved.epoch)),
                 begin = static_cast<double>(saved.epoch);
    need(begin <= epoch && epoch <= begin + 1.0, "epoch", saved.epoch, str_cat("the epoch of ", epoch));
  }

  void set_totals(TrainerState& state, const TrainingArguments& args) const {
    state.max_steps = plan.total_steps;
    state.num_train_epochs = plan.epochs;
    state.train_batch_size = args.per_device_train_batch_size;
    state.logging_steps = resolve_steps(args.logging_steps, plan.total_steps);
    state.save_steps = resolve_steps(args.save_steps, plan.total_steps);
    state.eval_steps =
        args.eval_steps ? resolve_steps(*args.eval_steps, plan.total_steps) : TrainerState::default_eval_steps;
  }

  void take_position(const ResumeState& saved) {
    ResumeState next = saved;
    next.batches = progress.batches;
    inside_epoch = !saved.epoch_ended;
    if (saved.epoch_ended) ++next.epoch;
    progress = next;
  }

  double base_rate_;  // peak learning rate of parameters without one of their own
};

}  // namespace tl
