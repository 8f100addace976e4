// Bodies of Trainer: the loop over epochs, updates and micro-batches, evaluation, and saving. The order of events inside
// a step is the reference's: log, evaluate, update the best metric, save.
#pragma once

#include <tl/train/trainer.hpp>

namespace tl {

template <class Model>
TrainOutput Trainer<Model>::train(const ResumeFrom& resume_from) {
  const detail::ContextGuard restore(model_.context());
  generator_.seed(seed());
  std::optional<std::filesystem::path> checkpoint = resume_from.path();
  if (resume_from.last()) checkpoint = last_checkpoint(args_.output_dir);
  if (checkpoint) check_checkpoint(*checkpoint);
  Run run = start();
  if (checkpoint) resume(run, *checkpoint);
  const Stopwatch watch;

  model_.parameters().zero_grad();
  control_.should_training_stop = false;
  TrainerEvent begin = event();
  begin.train_rows = run.collate.size();
  call(&TrainerCallback::on_train_begin, begin);
  if (args_.eval_on_start && !run.resumed) evaluate();

  const bool epoch_pending = run.resumed && !run.progress.epoch_ended;  // its on_epoch_end is still to come
  while (run.progress.epoch < run.plan.epochs && !control_.should_training_stop &&
         (state_.global_step < run.plan.total_steps || (epoch_pending && state_.global_step == run.first_step))) {
    train_epoch(run);
    if (state_.global_step >= run.plan.total_steps) break;
  }
  return finish(run, watch);
}

/// Checks data and folder, and makes state, schedule and optimizer of a fresh run.
template <class Model>
typename Trainer<Model>::Run Trainer<Model>::start() {
  check(options_.train_dataset.has_value(), ErrorCode::state, "train(): expected a train_dataset, the Trainer was given none");
  PackedCollator collate = collator(*options_.train_dataset, "train_dataset");
  check(collate.has_labels(), ErrorCode::not_found, "train_dataset: expected a column label or labels, there is none");
  if (options_.eval_dataset && args_.eval_strategy != IntervalStrategy::no) collator(*options_.eval_dataset, "eval_dataset");
  const RunPlan plan = plan_run(args_, collate.size());
  ParameterSpace<float>& parameters = model_.parameters();
  if (args_.save_strategy != IntervalStrategy::no)
    check_output_dir(sizeof(float) * static_cast<std::uintmax_t>(parameters.size() +
                                                                 (args_.save_only_model ? 0 : 2 * parameters.trainable())));

  state_ = TrainerState{};
  state_.epoch = 0.0;
  state_.max_steps = plan.total_steps;
  state_.num_train_epochs = plan.epochs;
  state_.train_batch_size = args_.per_device_train_batch_size;
  state_.logging_steps = resolve_steps(args_.logging_steps, plan.total_steps);
  state_.save_steps = resolve_steps(args_.save_steps, plan.total_steps);
  if (args_.eval_steps) state_.eval_steps = resolve_steps(*args_.eval_steps, plan.total_steps);

  Run run{.collate = std::move(collate),
          .lengths = {},
          .plan = plan,
          .schedule = {args_.lr_scheduler_type, args_.learning_rate, plan.warmup_steps, plan.total_steps},
          .optimizer = AdamW<float>(parameters, {.learning_rate = args_.learning_rate,
                                                 .beta1 = args_.adam_beta1,
                                                 .beta2 = args_.adam_beta2,
                                                 .epsilon = args_.adam_epsilon,
                                                 .weight_decay = args_.weight_decay})};
  if (args_.group_by_length) run.lengths = run.collate.lengths();
  run.progress.rows = run.collate.size();
  run.progress.batch_size = args_.per_device_train_batch_size;
  run.progress.accumulation = args_.gradient_accumulation_steps;
  run.progress.seed = args_.seed;
  run.progress.data_seed = args_.data_seed.value_or(args_.seed);
  run.progress.group_by_length = args_.group_by_length;
  run.progress.drop_last = args_.dataloader_drop_last;
  return run;
}

/// Loads weights, moments, state and position. The totals are those of the present arguments; what decides the batches
/// must be the same as then.
template <class Model>
void Trainer<Model>::resume(Run& run, const std::filesystem::path& checkpoint) {
  RunProgress saved = load_progress(checkpoint);
  const std::string differences = data_differences(saved, run.progress);
  check(differences.empty() || args_.ignore_data_skip, ErrorCode::invalid_argument, "cannot resume from ",
        checkpoint.string(), " with the same batches: ", differences,
        "; set ignore_data_skip = true to begin the epoch's data anew");

  TrainerState state = TrainerState::load(checkpoint / "trainer_state.json");
  model_.load_weights(checkpoint);
  load_optimizer(checkpoint, run.optimizer, model_.parameters());
  check(run.optimizer.steps() == state.global_step, ErrorCode::format, checkpoint.string(),
        ": expected optimizer.safetensors and trainer_state.json to be of the same step, got ", run.optimizer.steps(), " and ",
        state.global_step);
  callbacks_.restore(state.stateful_callbacks);
  state.max_steps = state_.max_steps;
  state.num_train_epochs = state_.num_train_epochs;
  state.train_batch_size = state_.train_batch_size;
  state.logging_steps = state_.logging_steps;
  state.save_steps = state_.save_steps;
  state.eval_steps = state_.eval_steps;
  state_ = std::move(state);
  if (state_.best_global_step && state_.best_model_checkpoint && !std::filesystem::exists(*state_.best_model_checkpoint)) {
    const auto moved = checkpoint_folder(*state_.best_global_step);  // output_dir may have another name now
    if (std::filesystem::exists(moved)) state_.best_model_checkpoint = moved.string();
  }

  run.resumed = true;
  run.first_step = state_.global_step;
  if (saved.epoch_ended || args_.ignore_data_skip) {
    run.progress.epoch = args_.ignore_data_skip ? state_.global_step / run.plan.updates_per_epoch : saved.epoch + 1;
    run.progress.epoch_ended = true;
    generator_.restore(saved.generator);
  } else {
    run.progress.epoch = saved.epoch;
    run.next_batch = saved.batches_done;
    run.progress.generator = saved.generator;
    generator_.restore(saved.epoch_generator);
  }
  run.progress.micro_batch = saved.micro_batch;
  run.progress.loss_since_log = saved.loss_since_log;
  run.progress.loss_logged = saved.loss_logged;
  run.progress.last_logged_step = saved.last_logged_step;
  run.progress.grad_norm = saved.grad_norm;
  run.progress.learning_rate = saved.learning_rate;
}

/// The order of the rows in the present epoch, always the same for the same seed and epoch.
template <class Model>
std::vector<std::int64_t> Trainer<Model>::epoch_order(Run& run) {
  generator_.next_int64();
  if (args_.group_by_length)
    return length_grouped_order(run.lengths, args_.per_device_train_batch_size * args_.gradient_accumulation_steps, generator_);
  return random_order(run.collate.size(), static_cast<std::uint64_t>(args_.data_seed.value_or(args_.seed)), run.progress.epoch);
}

template <class Model>
void Trainer<Model>::train_epoch(Run& run) {
  RunProgress& progress = run.progress;
  const std::int64_t skipped = std::exchange(run.next_batch, 0);
  const bool inside = run.resumed && !progress.epoch_ended;  // this epoch was begun before the interruption
  run.resumed = false;
  progress.epoch_ended = false;
  progress.epoch_generator = generator_.state();
  control_.should_epoch_stop = false;
  if (!inside) call(&TrainerCallback::on_epoch_begin);
  const BatchSampler batches(epoch_order(run), args_.per_device_train_batch_size, args_.dataloader_drop_last);
  if (inside) generator_.restore(progress.generator);

  progress.batches_done = skipped;
  while (progress.batches_done < batches.size() && state_.global_step < run.plan.total_steps &&
         !control_.should_epoch_stop && !control_.should_training_stop) {
    const std::int64_t begin = progress.batches_done;
    const std::int64_t end = std::min(begin + args_.gradient_accumulation_steps, batches.size());
    update(run, batches, begin, end);
    progress.batches_done = end;
    state_.epoch = static_cast<double>(progress.epoch) + static_cast<double>(end) / static_cast<double>(batches.size());
    TrainerEvent done = event();
    done.rows = batches[end - 1];
    done.learning_rate = run.progress.learning_rate;
    call(&TrainerCallback::on_step_end, done);
    log_evaluate_save(run);
  }
  call(&TrainerCallback::on_epoch_end);
  progress.epoch_ended = true;
  log_evaluate_save(run);
  ++progress.epoch;
}

/// One update from micro-batches [begin, end) of the epoch.
template <class Model>
void Trainer<Model>::update(Run& run, const BatchSampler& batches, std::int64_t begin, std::int64_t end) {
  control_.should_log = control_.should_evaluate = control_.should_save = false;
  call(&TrainerCallback::on_step_begin);
  for (std::int64_t i = begin; i < end; ++i) {
    micro_batch(run, batches[i], end - begin);
    if (i + 1 == end) break;
    TrainerEvent done = event();
    done.rows = batches[i];
    call(&TrainerCallback::on_substep_end, done);
  }
  double clip = 1.0;
  if (args_.max_grad_norm > 0) {
    run.progress.grad_norm = static_cast<float>(gradient_norm(model_.parameters()));
    check(std::isfinite(run.progress.grad_norm), ErrorCode::numeric, "training: expected finite gradients, got a norm of ", run.progress.grad_norm,
          " in step ", state_.global_step + 1, " (epoch ", *state_.epoch, "); the last micro-batch had ",
          detail::describe_rows(batches[end - 1], "train_dataset"));
    clip = clip_coefficient(run.progress.grad_norm, args_.max_grad_norm);
  }
  run.progress.learning_rate = run.schedule.at(state_.global_step);
  TrainerEvent details = event();
  details.learning_rate = run.progress.learning_rate;
  call(&TrainerCallback::on_pre_optimizer_step, details);
  run.optimizer.step(run.progress.learning_rate, clip);
  call(&TrainerCallback::on_optimizer_step, details);
  run.optimizer.zero_grad();
  ++state_.global_step;
}

/// Forward and backward of one micro-batch, one of `group` whose mean is the loss of the update.
template <class Model>
void Trainer<Model>::micro_batch(Run& run, std::span<const std::int64_t> rows, std::int64_t group) {
  model_.train(true);
  set_precision();
  model_.context().seed = seed();
  model_.context().step = run.progress.micro_batch++;
  const Batch batch = run.collate(rows);
  const auto [loss, logits] = detail::loss_and_logits(model_, batch, args_.label_smoothing_factor);
  const float value = loss.value().item();
  check(std::isfinite(value), ErrorCode::numeric, "training: expected a finite loss, got ", value, " in step ",
        state_.global_step + 1, " (epoch ", *state_.epoch, "); the micro-batch had ",
        detail::describe_rows(rows, "train_dataset"));
  const float share = 1.0F / static_cast<float>(group);
  loss.backward(Tensor<float>::full(loss.shape(), share, loss.device()));
  run.progress.loss_since_log += value / static_cast<float>(group);
  state_.total_flos += 6.0 * static_cast<double>(batch.padded_tokens()) *
                       static_cast<double>(detail::parameters_without_embeddings(model_.parameters()));
}

template <class Model>
void Trainer<Model>::log_evaluate_save(Run& run) {
  RunProgress& progress = run.progress;
  if (control_.should_log && state_.global_step > progress.last_logged_step) {
    const double sum = progress.loss_since_log;
    const double mean = sum / static_cast<double>(state_.global_step - progress.last_logged_step);
    Json entry = {{"loss", rounded(mean, 4)}};
    if (!std::isnan(run.progress.grad_norm)) entry["grad_norm"] = run.progress.grad_norm;
    entry["learning_rate"] = run.progress.learning_rate;
    entry["tl_loss"] = mean;
    progress.loss_logged += sum;
    progress.loss_since_log = 0.0F;
    progress.last_logged_step = state_.global_step;
    log(entry);
  }
  if (control_.should_evaluate) {
    const Json metrics = evaluate();
    const bool best = update_best(metrics);
    if (args_.save_strategy == IntervalStrategy::best) control_.should_save = best;
  }
  if (control_.should_save) {
    save_checkpoint(run);
    control_.should_save = false;
    call(&TrainerCallback::on_save);
  }
}

template <class Model>
void Trainer<Model>::save_checkpoint(Run& run) {
  const auto folder = checkpoint_folder(state_.global_step);
  if (state_.best_global_step) {
    const auto best = checkpoint_folder(*state_.best_global_step);
    if (*state_.best_global_step == state_.global_step || std::filesystem::exists(best)) state_.best_model_checkpoint = best.string();
  }
  AtomicFolder building(folder);
  write_model(building.path());
  if (!args_.save_only_model) {
    run.progress.generator = generator_.state();
    save_optimizer(building.path(), run.optimizer, model_.parameters());
    save_progress(building.path(), run.progress);
    write_json(building.path() / "scheduler.json", {{"last_epoch", state_.global_step},
                                                    {"learning_rate", run.schedule.learning_rate},
                                                    {"lr_scheduler_type", to_string(run.schedule.type)},
                                                    {"total_steps", run.schedule.total_steps},
                                                    {"warmup_steps", run.schedule.warmup_steps}});
  }
  state_.stateful_callbacks["TrainerControl"] = {{"args",
                                                  {{"should_epoch_stop", control_.should_epoch_stop},
                                                   {"should_evaluate", control_.should_evaluate},
                                                   {"should_log", control_.should_log},
                                                   {"should_save", control_.should_save},
                                                   {"should_training_stop", control_.should_training_stop}}},
                                                 {"attributes", Json::object()}};
  callbacks_.save(state_.stateful_callbacks);
  write_json(building.path() / "trainer_state.json", state_.to_json());
  building.commit();
  if (args_.save_total_limit) rotate_checkpoints(args_.output_dir, *args_.save_total_limit, state_.best_model_checkpoint);
}

/// Loads the best weights if asked for, logs the run's totals, and tidies up.
template <class Model>
TrainOutput Trainer<Model>::finish(Run& run, const Stopwatch& watch) {
  if (args_.load_best_model_at_end && state_.best_model_checkpoint) {
    check(std::filesystem::is_directory(*state_.best_model_checkpoint), ErrorCode::not_found,
          "load_best_model_at_end: expected the best checkpoint in ", *state_.best_model_checkpoint, ", it is not there any more");
    model_.load_weights(*state_.best_model_checkpoint);
  }
  const double steps = static_cast<double>(state_.global_step);
  const double loss = (run.progress.loss_logged + run.progress.loss_since_log) / std::max(steps, 0.001);
  // after a resume the speed is that of this process
  const double here = run.plan.total_steps > 0 ? static_cast<double>(run.plan.total_steps - run.first_step) /
                                                     static_cast<double>(run.plan.total_steps)
                                               : 1.0;
  TrainOutput output{state_.global_step, loss, Json::object()};
  add_speed_metrics(output.metrics, "train", watch.seconds(), run.plan.samples * here,
                    static_cast<double>(run.plan.total_steps) * here);
  output.metrics["total_flos"] = state_.total_flos;
  output.metrics["train_loss"] = loss;
  log(output.metrics);
  if (args_.save_total_limit == 1 && state_.best_model_checkpoint)
    for (const auto& checkpoint : sorted_checkpoints(args_.output_dir))
      if (!same_folder(checkpoint, *state_.best_model_checkpoint)) remove_checkpoint(checkpoint);
  call(&TrainerCallback::on_train_end);
  return output;
}

/// Runs the model over `dataset` in evaluation mode and fills `metrics` with everything but the epoch.
template <class Model>
EvaluationResult Trainer<Model>::run_over(const Dataset& dataset, const std::string& prefix, Json& metrics) {
  const PackedCollator collate = collator(dataset, prefix == "eval" ? "eval_dataset" : prefix + " data set");
  const detail::ContextGuard restore(model_.context());
  const Stopwatch watch;
  model_.train(false);
  set_precision();
  generator_.next_int64();
  const bool loss_only = args_.prediction_loss_only || (prefix == "eval" && !options_.compute_metrics);
  const EvaluationResult result = run_evaluation(
      std::as_const(model_), collate,
      {.batch_size = args_.per_device_eval_batch_size,
       .drop_last = args_.dataloader_drop_last,
       .loss_only = loss_only,
       .label_smoothing = args_.label_smoothing_factor,
       .on_batch = [this](std::int64_t batch, std::int64_t batches) {
         TrainerEvent details = event();
         details.batch = batch;
         details.batches = batches;
         call(&TrainerCallback::on_prediction_step, details);
       }});
  if (result.loss) metrics[prefix + "_loss"] = *result.loss;
  if (options_.compute_metrics && !loss_only && collate.has_labels() && result.rows > 0)
    for (const auto& [name, value] : options_.compute_metrics(result.prediction)) metrics[prefixed(prefix, name)] = value;
  const auto samples = static_cast<double>(result.rows);
  const double steps = std::ceil(samples / static_cast<double>(args_.per_device_eval_batch_size));
  add_speed_metrics(metrics, prefix, watch.seconds(), samples, steps);
  return result;
}

template <class Model>
Json Trainer<Model>::evaluate(const std::optional<Dataset>& dataset, const std::string& prefix) {
  check(dataset || options_.eval_dataset, ErrorCode::state, "evaluate(): expected a data set, the Trainer was given no eval_dataset");
  Json metrics = Json::object();
  run_over(dataset ? *dataset : *options_.eval_dataset, prefix, metrics);
  log(metrics);
  control_.should_evaluate = false;
  TrainerEvent details = event();
  details.metrics = &metrics;
  call(&TrainerCallback::on_evaluate, details);
  return metrics;
}

template <class Model>
PredictionOutput Trainer<Model>::predict(const Dataset& dataset, const std::string& prefix) {
  PredictionOutput output;
  const EvaluationResult result = run_over(dataset, prefix, output.metrics);
  output.predictions = result.prediction.predictions;
  output.label_ids = result.prediction.label_ids;
  TrainerEvent details = event();
  details.metrics = &output.metrics;
  call(&TrainerCallback::on_predict, details);
  return output;
}

}  // namespace tl
