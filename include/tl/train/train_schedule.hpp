// How many batches, updates and epochs a run has; the reference's arithmetic, in double where it uses double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <tl/data/sampler.hpp>
#include <tl/optim/schedule.hpp>
#include <tl/train/training_arguments.hpp>

namespace tl {

/// Epochs, updates and warm-up of a run, counted before it begins.
struct TrainSchedule {
  std::int64_t batches_per_epoch = 0;  ///< micro-batches
  std::int64_t updates_per_epoch = 0;
  std::int64_t total_steps = 0;  ///< updates of the run
  std::int64_t epochs = 0;       ///< epochs begun, the last one perhaps not finished
  std::int64_t warmup_steps = 0;
  double samples = 0.0;  ///< rows seen, for the speed
};

/// The plan for `rows` training rows. Throws Error(invalid_argument) if there is no batch.
inline TrainSchedule train_schedule(const TrainingArguments& args, std::int64_t rows) {
  const std::int64_t batch = args.per_device_train_batch_size, group = args.gradient_accumulation_steps;
  check(rows > 0, ErrorCode::invalid_argument, "train_dataset: expected at least one row, got an empty data set");
  TrainSchedule plan;
  plan.batches_per_epoch = batch_count(rows, batch, args.dataloader_drop_last);
  check(plan.batches_per_epoch > 0, ErrorCode::invalid_argument, "train_dataset: expected at least ", batch,
        " rows, one full batch, because dataloader_drop_last is true, got ", rows);
  plan.updates_per_epoch = std::max<std::int64_t>((plan.batches_per_epoch + group - 1) / group, 1);
  if (args.max_steps > 0) {
    plan.total_steps = args.max_steps;
    plan.epochs = (plan.total_steps + plan.updates_per_epoch - 1) / plan.updates_per_epoch;
    plan.samples = static_cast<double>(plan.total_steps) * static_cast<double>(batch) * static_cast<double>(group);
  } else {
    const double steps = std::ceil(args.num_train_epochs * static_cast<double>(plan.updates_per_epoch));
    check(steps < 9e15, ErrorCode::invalid_argument, "num_train_epochs: expected fewer than 9e15 updates, got ", steps);
    plan.total_steps = static_cast<std::int64_t>(steps);
    plan.epochs = static_cast<std::int64_t>(std::ceil(args.num_train_epochs));
    plan.samples = static_cast<double>(rows) * args.num_train_epochs;
  }
  const double share = args.warmup_steps > 0 ? args.warmup_steps : args.warmup_ratio;
  plan.warmup_steps = args.warmup_steps >= 1
                          ? static_cast<std::int64_t>(args.warmup_steps)
                          : static_cast<std::int64_t>(std::ceil(static_cast<double>(plan.total_steps) * share));
  return plan;
}

/// A step count that may be a share of all updates, as a number of updates.
inline std::int64_t resolve_steps(double value, std::int64_t total_steps) {
  return value < 1
             ? std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(static_cast<double>(total_steps) * value)))
             : static_cast<std::int64_t>(value);
}

}  // namespace tl
