// TrainingArguments: defaults, every rule, the table of fields, and the arithmetic that follows from them.
#include <cmath>
#include <functional>
#include <set>

#include <tl/train/argument_fields.hpp>
#include <tl/train/train_schedule.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

// The only problem of the default arguments after `change`, or what there is instead.
std::string problem(const std::function<void(TrainingArguments&)>& change) {
  TrainingArguments args;
  change(args);
  const auto problems = args.problems();
  return problems.size() == 1 ? problems[0] : "(" + std::to_string(problems.size()) + " problems)";
}

bool allowed(const std::function<void(TrainingArguments&)>& change) {
  TrainingArguments args;
  change(args);
  return args.problems().empty();
}

}  // namespace

TEST_CASE("training arguments: defaults are the reference's and valid") {
  const TrainingArguments args;
  CHECK(args.problems().empty());
  args.validate();
  CHECK(args.learning_rate == 5e-5);
  CHECK(args.num_train_epochs == 3.0);
  CHECK(args.max_grad_norm == 1.0);
  CHECK(args.logging_steps == 500.0);
  CHECK(args.save_strategy == IntervalStrategy::steps);
  CHECK(args.eval_strategy == IntervalStrategy::no);
  CHECK(args.seed == 42);
}

TEST_CASE("training arguments: numbers that would overflow are refused") {
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  CHECK(problem([](auto& a) { a.per_device_train_batch_size = huge; }) ==
        "per_device_train_batch_size: expected at most 2147483647, got 9223372036854775807");
  CHECK(problem([](auto& a) { a.per_device_eval_batch_size = huge; }).starts_with("per_device_eval_batch_size"));
  CHECK(problem([](auto& a) { a.gradient_accumulation_steps = huge; }).starts_with("gradient_accumulation_steps"));
  CHECK(problem([](auto& a) { a.max_steps = huge; }) ==
        "max_steps: expected at most 1000000000000000, got 9223372036854775807");
  CHECK(problem([](auto& a) { a.warmup_steps = 1e300; }) ==
        "warmup_steps: expected at most 1000000000000000, got 1e+300");
  CHECK(problem([](auto& a) { a.logging_steps = 1e300; }).starts_with("logging_steps: expected at most"));
  CHECK(problem([](auto& a) { a.save_steps = 1e300; }).starts_with("save_steps: expected at most"));
  CHECK(problem([](auto& a) { a.eval_steps = 1e300; }).starts_with("eval_steps: expected at most"));
  CHECK(allowed([](auto& a) { a.gradient_accumulation_steps = a.per_device_train_batch_size = 2147483647; }));
  CHECK(allowed([](auto& a) { a.max_steps = 1'000'000'000'000'000; }));
}

TEST_CASE("training arguments: made like in Python") {
  const TrainingArguments args{.output_dir = "results",
                               .num_train_epochs = 3,
                               .learning_rate = 2e-5,
                               .warmup_ratio = 0.1,
                               .eval_strategy = "epoch",
                               .save_strategy = std::string("epoch"),
                               .load_best_model_at_end = true,
                               .metric_for_best_model = "accuracy",
                               .lr_scheduler_type = "cosine"};
  CHECK(args.lr_scheduler_type == SchedulerType::cosine);
  CHECK(args.eval_strategy == IntervalStrategy::epoch);
  CHECK(args.problems().empty());
}

TEST_CASE("training arguments: a misspelt name is reported with its field, beside the other problems") {
  using A = TrainingArguments;
  CHECK(problem([](A& a) { a.eval_strategy = "epochs"; }) ==
        "eval_strategy: expected one of no, steps, epoch, got epochs");
  CHECK(problem([](A& a) { a.logging_strategy = std::string("often"); }) ==
        "logging_strategy: expected one of no, steps, epoch, got often");
  CHECK(problem([](A& a) { a.train_sampling_strategy = "batch_rebalance"; }) ==
        "train_sampling_strategy: expected one of random, sequential, group_by_length, got batch_rebalance");
  CHECK(problem([](A& a) {
          a.train_sampling_strategy = "sequential";
          a.group_by_length = true;
        }) == "group_by_length: expected false, because train_sampling_strategy is sequential, got true");
  CHECK(problem([](A& a) { a.save_strategy = ""; }) == "save_strategy: expected one of no, steps, epoch, best, got ");
  CHECK(problem([](A& a) { a.lr_scheduler_type = "flat"; }).starts_with("lr_scheduler_type: expected one of linear, "));
  // what would follow from an unknown strategy is not reported
  const A args{
      .learning_rate = -1, .eval_strategy = "epochs", .save_strategy = "epoch", .load_best_model_at_end = true};
  TL_REQUIRE_ERROR(args.validate(),
                   "TrainingArguments: 2 problems: learning_rate: expected a number >= 0, got -1; "
                   "eval_strategy: expected one of no, steps, epoch, got epochs");
  CHECK(to_json(args).at("eval_strategy") == "epochs");
  CHECK_FALSE(args.eval_strategy.known());
  TL_REQUIRE_ERROR(args.eval_strategy.value(), "strategy: expected one of no, steps, epoch, best, got epochs");
}

TEST_CASE("training arguments: the usual notebook cell compiles in its order") {
  const TrainingArguments args{
      .output_dir = "./results",
      .num_train_epochs = 3,
      .per_device_train_batch_size = 16,
      .per_device_eval_batch_size = 32,
      .learning_rate = 2e-5,
      .weight_decay = 0.01,
      .warmup_ratio = 0.1,
      .eval_strategy = "epoch",
      .save_strategy = "epoch",
      .load_best_model_at_end = true,
      .metric_for_best_model = "accuracy",
      .logging_dir = "./logs",
      .logging_steps = 10,
      .fp16 = false,
      .bf16 = false,
      .report_to = "none",
      .push_to_hub = false,
  };
  CHECK(args.problems().empty());
  // the table and the struct have one order, which is also that of training_args.json
  const std::vector<std::string_view> first{"output_dir", "num_train_epochs", "per_device_train_batch_size"};
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(argument_fields()[i].name == first[i]);
}

TEST_CASE("training arguments: every value out of range is named with its range") {
  using A = TrainingArguments;
  CHECK(problem([](A& a) { a.output_dir = ""; }) == "output_dir: expected the path of a folder, got an empty text");
  CHECK(problem([](A& a) { a.per_device_train_batch_size = 0; }) ==
        "per_device_train_batch_size: expected at least 1, got 0");
  CHECK(problem([](A& a) { a.per_device_eval_batch_size = -3; }) ==
        "per_device_eval_batch_size: expected at least 1, got -3");
  CHECK(problem([](A& a) { a.gradient_accumulation_steps = 0; }) ==
        "gradient_accumulation_steps: expected at least 1, got 0");
  CHECK(problem([](A& a) { a.num_train_epochs = -1; }) == "num_train_epochs: expected a number >= 0, got -1");
  CHECK(problem([](A& a) { a.num_train_epochs = std::nan(""); }) ==
        "num_train_epochs: expected a number >= 0, got nan");
  CHECK(problem([](A& a) { a.max_steps = 0; }) == "max_steps: expected -1 (use num_train_epochs) or at least 1, got 0");
  CHECK(problem([](A& a) { a.learning_rate = -1e-5; }) == "learning_rate: expected a number >= 0, got -1e-05");
  CHECK(problem([](A& a) { a.weight_decay = -0.1; }) == "weight_decay: expected a number >= 0, got -0.1");
  CHECK(problem([](A& a) { a.adam_epsilon = -1; }) == "adam_epsilon: expected a number >= 0, got -1");
  CHECK(problem([](A& a) { a.max_grad_norm = -1; }) == "max_grad_norm: expected a number >= 0, got -1");
  CHECK(problem([](A& a) { a.eval_delay = -1; }) == "eval_delay: expected a number >= 0, got -1");
  CHECK(problem([](A& a) { a.adam_beta1 = 1; }) == "adam_beta1: expected a number in [0, 1), got 1");
  CHECK(problem([](A& a) { a.head_learning_rate = -1; }) == "head_learning_rate: expected a number >= 0, got -1");
  CHECK(problem([](A& a) { a.layerwise_lr_decay = 0; }) == "layerwise_lr_decay: expected a number in (0, 1], got 0");
  CHECK(problem([](A& a) { a.adam_beta2 = -0.5; }) == "adam_beta2: expected a number in [0, 1), got -0.5");
  CHECK(problem([](A& a) { a.label_smoothing_factor = 1; }) ==
        "label_smoothing_factor: expected a number in [0, 1), got 1");
  CHECK(problem([](A& a) { a.seed = -1; }) == "seed: expected at least 0, got -1");
  CHECK(problem([](A& a) { a.data_seed = -1; }) == "data_seed: expected at least 0, got -1");
  CHECK(problem([](A& a) { a.save_total_limit = 0; }) == "save_total_limit: expected at least 1, got 0");
  CHECK(problem([](A& a) { a.warmup_ratio = 1.5; }) == "warmup_ratio: expected a number in [0, 1], got 1.5");
  CHECK(problem([](A& a) { a.warmup_steps = -1; }) ==
        "warmup_steps: expected a whole number of steps, or a share in [0, 1), got -1");
  CHECK(problem([](A& a) { a.warmup_steps = 2.5; }) ==
        "warmup_steps: expected a whole number of steps, or a share in [0, 1), got 2.5");
  CHECK(problem([](A& a) {
          a.lr_scheduler_type = SchedulerType::polynomial;
          a.learning_rate = 1e-8;
        }) == "lr_scheduler_type polynomial: expected a learning_rate above its final rate 1e-07, got 1e-08");
  CHECK(problem([](A& a) {
          a.lr_scheduler_kwargs = {{"num_cycles", 2}};
        }) == "lr_scheduler_kwargs: the schedule linear has no arguments, got num_cycles");
  CHECK(problem([](A& a) { a.lr_scheduler_type = "reduce_lr_on_plateau"; }) ==
        "lr_scheduler_type: reduce_lr_on_plateau needs an eval_strategy, got eval_strategy no");
  const auto plateau = [](A& a) {
    a.lr_scheduler_type = "reduce_lr_on_plateau";
    a.eval_strategy = "epoch";
    a.metric_for_best_model = "accuracy";
  };
  CHECK(problem(plateau) ==
        "lr_scheduler_kwargs: reduce_lr_on_plateau follows accuracy, which is better when it is greater, and its mode "
        "is min unless it is given; set mode to max");
  A args;
  plateau(args);
  args.lr_scheduler_kwargs = {{"mode", "max"}, {"patience", 1}};
  CHECK(args.problems().empty());
}

TEST_CASE("training arguments: texts that cannot be stored are refused") {
  TrainingArguments args{.output_dir = "a\xff", .logging_dir = "\xc3\xa9", .run_name = "caf\xc3\xa9 \xe9"};
  args.resume_from_checkpoint = "";
  CHECK(args.problems() ==
        std::vector<std::string>{
            "output_dir: expected UTF-8, got a\\xff", "run_name: expected UTF-8, got caf\xc3\xa9 \\xe9",
            "resume_from_checkpoint: expected true, false or a checkpoint folder, got an empty text"});
}

TEST_CASE("training arguments: what is not supported says what to do instead") {
  using A = TrainingArguments;
  CHECK(problem([](A& a) { a.fp16 = true; })
            .find("fp16: expected false, got true: there is no fp16 training on the CPU; "
                  "set bf16 = true") == 0);
  CHECK(problem([](A& a) { a.optim = "adafactor"; }) ==
        "optim: expected adamw_torch or adamw_torch_fused, got adafactor");
  CHECK(problem([](A& a) { a.report_to = "wandb"; }).find("report_to: expected none") == 0);
  CHECK(problem([](A& a) { a.push_to_hub = true; }).find("push_to_hub: expected false, got true: uploading is not") ==
        0);
  CHECK(allowed([](A& a) { a.bf16 = true; }));
  CHECK(allowed([](A& a) { a.optim = "adamw_torch_fused"; }));
}

TEST_CASE("training arguments: step intervals") {
  using A = TrainingArguments;
  const std::string range = ": expected a whole number of steps >= 1, or a share of all steps in (0, 1), got ";
  CHECK(problem([](A& a) { a.logging_steps = 0; }) == "logging_steps" + range + "0");
  CHECK(problem([](A& a) { a.save_steps = 2.5; }) == "save_steps" + range + "2.5");
  CHECK(problem([](A& a) {
          a.eval_strategy = "steps";
          a.eval_steps = 0;
        }) == "eval_steps" + range + "0");
  CHECK(problem([](A& a) {
          a.eval_strategy = "steps";
          a.logging_strategy = "no";
          a.logging_steps = 0;
        }) == "eval_steps (not set, so logging_steps)" + range + "0");
  CHECK(problem([](A& a) { a.eval_strategy = "best"; }) == "eval_strategy: expected one of no, steps, epoch, got best");
  CHECK(problem([](A& a) { a.logging_strategy = "best"; }) ==
        "logging_strategy: expected one of no, steps, epoch, got best");
  CHECK(allowed([](A& a) {
    a.logging_strategy = "no";
    a.logging_steps = 0;
  }));
  CHECK(allowed([](A& a) { a.save_steps = 0.1; }));
}

TEST_CASE("training arguments: the best model needs evaluations that fit the checkpoints") {
  using A = TrainingArguments;
  const auto best = [](A& a) { a.load_best_model_at_end = true; };
  CHECK(problem([&](A& a) { best(a); }) ==
        "load_best_model_at_end: expected eval_strategy and save_strategy to be equal, got eval_strategy no and "
        "save_strategy steps");
  CHECK(problem([&](A& a) {
          best(a);
          a.save_strategy = "no";
        }) == "load_best_model_at_end: expected an eval_strategy of steps or epoch, got no");
  const auto steps = [&](double eval, double save) {
    return [=](A& a) {
      best(a);
      a.eval_strategy = "steps";
      a.eval_steps = eval;
      a.save_steps = save;
    };
  };
  const std::string rule =
      "load_best_model_at_end: expected save_steps to be a multiple of eval_steps, got save_steps ";
  CHECK(problem(steps(100, 250)) == rule + "250 and eval_steps 100");
  CHECK(problem(steps(0.1, 200)) == rule + "200 and eval_steps 0.1");
  CHECK(problem(steps(0.1, 0.25)) == rule + "0.25 and eval_steps 0.1");
  CHECK(allowed(steps(100, 300)));
  CHECK(allowed(steps(0.1, 0.3)));
  CHECK(problem([](A& a) { a.save_strategy = "best"; }).starts_with("(2 problems)"));
  CHECK(problem([](A& a) {
          a.save_strategy = "best";
          a.eval_strategy = "epoch";
        }) == "save_strategy: best needs metric_for_best_model, which is not set");
  CHECK(problem([](A& a) {
          a.save_strategy = "best";
          a.metric_for_best_model = "accuracy";
        }) == "save_strategy: best needs an eval_strategy, got eval_strategy no");
  CHECK(problem([](A& a) { a.metric_for_best_model = ""; }) ==
        "metric_for_best_model: expected the name of a metric, got an empty text");
  CHECK(allowed([](A& a) {
    a.save_strategy = "best";
    a.eval_strategy = "epoch";
    a.metric_for_best_model = "accuracy";
    a.load_best_model_at_end = true;
  }));
}

TEST_CASE("training arguments: validate lists all problems in one sentence") {
  const TrainingArguments args{.per_device_train_batch_size = 0, .learning_rate = -1, .fp16 = true, .bf16 = true};
  REQUIRE(args.problems().size() == 4);
  TL_REQUIRE_ERROR(args.validate(),
                   "TrainingArguments: 4 problems: per_device_train_batch_size: expected at least 1, got 0; "
                   "learning_rate: expected a number >= 0, got -1; "
                   "fp16 and bf16: expected at most one of them to be true, got both; fp16: ");
}

TEST_CASE("training arguments: fields that follow from others") {
  TrainingArguments args{.eval_strategy = "steps", .logging_steps = 50};
  CHECK(args.resolved().eval_steps == 50.0);
  CHECK_FALSE(args.resolved().metric_for_best_model);
  args.load_best_model_at_end = true;
  CHECK(args.resolved().metric_for_best_model == "loss");
  CHECK(args.resolved().greater_is_better == false);
  args.metric_for_best_model = "accuracy";
  CHECK(args.resolved().greater_is_better == true);
  args.greater_is_better = false;
  CHECK(args.resolved().greater_is_better == false);
  const TrainingArguments plateau{.eval_strategy = "epoch", .lr_scheduler_type = "reduce_lr_on_plateau"};
  CHECK(plateau.resolved().metric_for_best_model == "loss");
}

TEST_CASE("argument fields: every field can be set from text and read back") {
  std::set<std::string_view> names;
  for (const auto& field : argument_fields()) {
    INFO(field.name);
    CHECK(names.insert(field.name).second);
    CHECK_FALSE(field.help.empty());
    TrainingArguments args;
    const Json before = field.get(args);
    std::string text = "7";
    Json expected = 7;
    if (field.is_flag()) std::tie(text, expected) = std::pair("true", Json(true));
    else if (field.name == "train_sampling_strategy")
      std::tie(text, expected) = std::pair("sequential", Json("sequential"));
    else if (before.is_string() && field.name.ends_with("strategy"))
      std::tie(text, expected) = std::pair("epoch", Json("epoch"));
    else if (before.is_string() && field.name == "lr_scheduler_type")
      std::tie(text, expected) = std::pair("cosine", Json("cosine"));
    else if (field.name == "lr_scheduler_kwargs")
      std::tie(text, expected) = std::pair("power=2,decay_type=linear", Json{{"decay_type", "linear"}, {"power", 2.0}});
    else if (before.is_string() || field.name == "metric_for_best_model" || field.name == "resume_from_checkpoint" ||
             field.name.ends_with("_weight") || field.name.ends_with("_weights"))
      expected = "7";
    field.set(args, text);
    CHECK(field.get(args) == expected);
    if (before.is_null()) {
      field.set(args, "none");
      CHECK(field.get(args).is_null());
    }
  }
  CHECK(names.size() == 53);
}

TEST_CASE("argument fields: values of the wrong kind") {
  TrainingArguments args;
  TL_REQUIRE_ERROR(argument_field("learning_rate").set(args, "fast"), "learning_rate: expected a number, got fast");
  TL_REQUIRE_ERROR(argument_field("max_steps").set(args, "1.5"), "max_steps: expected a whole number, got 1.5");
  TL_REQUIRE_ERROR(argument_field("max_steps").set(args, ""), "max_steps: expected a whole number, got nothing");
  TL_REQUIRE_ERROR(argument_field("bf16").set(args, "maybe"), "bf16: expected true or false, got maybe");
  TL_REQUIRE_ERROR(argument_field("eval_strategy").set(args, "often"),
                   "eval_strategy: expected one of no, steps, epoch, got ");
  TL_REQUIRE_ERROR(argument_field("lr_scheduler_type").set(args, "flat"), "lr_scheduler_type: expected one of linear");
  TL_REQUIRE_ERROR(argument_field("lerning_rate"), "TrainingArguments has no field named lerning_rate");
}

TEST_CASE("argument fields: arguments of the schedule as JSON text or as pairs") {
  const auto set = [](std::string_view text) {
    TrainingArguments args;
    argument_field("lr_scheduler_kwargs").set(args, text);
    return args.lr_scheduler_kwargs;
  };
  CHECK(set(R"({"num_cycles": 3, "decay_type": "linear", "min_lr": null})") ==
        SchedulerKwargs{{"num_cycles", 3}, {"decay_type", "linear"}});
  CHECK(set("lr_end=1e-6") == SchedulerKwargs{{"lr_end", 1e-6}});
  CHECK(set("{}").empty());
  TL_REQUIRE_ERROR(set("power"), "lr_scheduler_kwargs: expected name=value or a JSON object, got power");
  TL_REQUIRE_ERROR(set("power=2,"), "lr_scheduler_kwargs: expected name=value or a JSON object, got nothing");
  TL_REQUIRE_ERROR(set(""), "lr_scheduler_kwargs: expected name=value or a JSON object, got nothing");
  TL_REQUIRE_ERROR(set("{\"power\": [2]}"), "lr_scheduler_kwargs: expected power to be a number or a text, got ");
  TL_REQUIRE_ERROR(set("{\"power\": "), "lr_scheduler_kwargs");
}

TEST_CASE("argument fields: as JSON") {
  const Json json = to_json(TrainingArguments{.learning_rate = 2e-5, .eval_strategy = "epoch"});
  CHECK(json.at("learning_rate") == 2e-5);
  CHECK(json.at("eval_strategy") == "epoch");
  CHECK(json.at("eval_steps").is_null());
  CHECK(json.size() == argument_fields().size());
}

TEST_CASE("run plan: the notebook's numbers") {
  const TrainSchedule plan =
      train_schedule({.num_train_epochs = 3, .per_device_train_batch_size = 16, .warmup_ratio = 0.1}, 1000);
  CHECK(plan.batches_per_epoch == 63);
  CHECK(plan.updates_per_epoch == 63);
  CHECK(plan.total_steps == 189);
  CHECK(plan.epochs == 3);
  CHECK(plan.warmup_steps == 19);
  CHECK(plan.samples == 3000.0);
}

TEST_CASE("run plan: accumulation, fractions, limits") {
  const auto plan = [](const TrainingArguments& args, std::int64_t rows) { return train_schedule(args, rows); };
  CHECK(plan({.gradient_accumulation_steps = 3}, 40).updates_per_epoch == 2);
  CHECK(plan({.gradient_accumulation_steps = 99}, 40).updates_per_epoch == 1);
  const TrainSchedule half = plan({.num_train_epochs = 1.5}, 40);
  CHECK(half.total_steps == 8);
  CHECK(half.epochs == 2);
  CHECK(half.samples == 60.0);
  const TrainSchedule limited = plan({.gradient_accumulation_steps = 2, .max_steps = 7}, 40);
  CHECK(limited.total_steps == 7);
  CHECK(limited.epochs == 3);
  CHECK(limited.samples == 7.0 * 8 * 2);
  CHECK(plan({.dataloader_drop_last = true}, 39).batches_per_epoch == 4);
  CHECK(plan({.num_train_epochs = 0}, 40).total_steps == 0);
  CHECK(plan({.warmup_ratio = 0.1, .max_steps = 70}, 40).warmup_steps == 7);
  // 100 * 0.07 is slightly more than 7 in double, and the reference rounds it up, too
  CHECK(plan({.warmup_ratio = 0.07, .max_steps = 100}, 40).warmup_steps == 8);
  CHECK(plan({.warmup_ratio = 0.1, .max_steps = 70, .warmup_steps = 5}, 40).warmup_steps == 5);
  CHECK(plan({.max_steps = 10, .warmup_steps = 0.25}, 40).warmup_steps == 3);
  TL_REQUIRE_ERROR(plan({}, 0), "train_dataset: expected at least one row, got an empty data set");
  TL_REQUIRE_ERROR(plan({.dataloader_drop_last = true}, 7),
                   "expected at least 8 rows, one full batch, because "
                   "dataloader_drop_last is true, got 7");
  TL_REQUIRE_ERROR(plan({.num_train_epochs = 1e300}, 7), "num_train_epochs: expected fewer than 9e15 updates");
  CHECK(resolve_steps(0.1, 189) == 19);
  CHECK(resolve_steps(0.001, 100) == 1);
  CHECK(resolve_steps(50, 189) == 50);
}
