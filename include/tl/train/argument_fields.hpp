// The fields of TrainingArguments as a table: name, help, set from text, read as JSON. Command-line programs and
// training_args.json are made from it, so a new field appears everywhere at once.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <tl/io/json.hpp>
#include <tl/train/training_arguments.hpp>

namespace tl {

/// One field of TrainingArguments.
struct ArgumentField {
  using A = TrainingArguments;

  std::string_view name;
  std::variant<std::string A::*, bool A::*, std::int64_t A::*, double A::*, std::optional<std::string> A::*,
               std::optional<bool> A::*, std::optional<std::int64_t> A::*, std::optional<double> A::*,
               Choice<IntervalStrategy> A::*, Choice<SchedulerType> A::*, Choice<SamplingStrategy> A::*,
               SchedulerKwargs A::*, ReportTo A::*>
      member;
  std::string_view help;

  /// A boolean: on a command line the name alone means true.
  bool is_flag() const {
    return std::holds_alternative<bool A::*>(member) || std::holds_alternative<std::optional<bool> A::*>(member);
  }

  /// Sets the field from text: true/false, numbers as in JSON, "none" for an optional field.
  /// Throws Error(invalid_argument) with the field's name.
  void set(TrainingArguments& arguments, std::string_view text) const;
  Json get(const TrainingArguments& arguments) const;
};

namespace detail {

inline void parse_argument(std::string_view name, std::string_view text, std::string& value) {
  (void)name;
  value = text;
}

inline void parse_argument(std::string_view name, std::string_view text, ReportTo& value) {
  (void)name;
  value = ReportTo(text);
}

inline void parse_argument(std::string_view name, std::string_view text, bool& value) {
  for (const std::string_view yes : {"true", "True", "TRUE", "1", "yes", "on"})
    if (text == yes) return void(value = true);
  for (const std::string_view no : {"false", "False", "FALSE", "0", "no", "off"})
    if (text == no) return void(value = false);
  fail(ErrorCode::invalid_argument, name, ": expected true or false, got ", text.empty() ? "nothing" : text);
}

template <class Number>
requires std::same_as<Number, double> || std::same_as<Number, std::int64_t>
void parse_argument(std::string_view name, std::string_view text, Number& value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  check(result.ec == std::errc{} && result.ptr == end, ErrorCode::invalid_argument, name, ": expected ",
        std::same_as<Number, double> ? "a number" : "a whole number", ", got ", text.empty() ? "nothing" : text);
}

template <class Enum> void parse_argument(std::string_view name, std::string_view text, Choice<Enum>& value) {
  try {
    value = Choice<Enum>(text).value();
  } catch (const Error& error) {
    std::string sentence = error.what();
    if (const std::size_t best = sentence.find(", best,"); best != sentence.npos && name != "save_strategy")
      sentence.erase(best, 6);  // only saving can wait for the best
    fail(ErrorCode::invalid_argument, name, sentence.substr(sentence.find(':')));
  }
}

/// Arguments of a schedule as JSON text, {"num_cycles": 3}, or as num_cycles=3,power=2.
inline void parse_argument(std::string_view name, std::string_view text, SchedulerKwargs& value);

template <class T> void parse_argument(std::string_view name, std::string_view text, std::optional<T>& value) {
  if (text == "none" || text == "None" || text == "null") return value.reset();
  T parsed{};
  parse_argument(name, text, parsed);
  value = std::move(parsed);
}

/// Sets the argument `key` of a schedule; null means that it is not given.
inline void set_kwarg(std::string_view name, const std::string& key, const Json& json, SchedulerKwargs& kwargs) {
  check(json.is_null() || json.is_string() || json.is_number(), ErrorCode::invalid_argument, name, ": expected ", key,
        " to be a number or a text, got ", json.type_name());
  if (json.is_string()) kwargs.insert_or_assign(key, json.get<std::string>());
  else if (json.is_number()) kwargs.insert_or_assign(key, json.get<double>());
}

inline SchedulerKwargs kwargs_of_json(std::string_view name, std::string_view text) {
  SchedulerKwargs kwargs;
  const Json json = parse_json(text, name);
  check(json.is_object(), ErrorCode::invalid_argument, name, ": expected a JSON object, got ", json.type_name());
  for (const auto& [key, value] : json.items()) set_kwarg(name, key, value, kwargs);
  return kwargs;
}

/// A pair whose value is a number as std::from_chars reads it, or else a text.
inline void set_kwarg_pair(std::string_view name, std::string_view pair, SchedulerKwargs& kwargs) {
  const std::size_t equals = pair.find('=');
  check(equals != pair.npos && equals > 0 && equals + 1 < pair.size(), ErrorCode::invalid_argument, name,
        ": expected name=value or a JSON object, got ", pair.empty() ? "nothing" : pair);
  const std::string_view value = pair.substr(equals + 1);
  double number = 0.0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = result.ec == std::errc{} && result.ptr == value.data() + value.size();
  kwargs.insert_or_assign(std::string(pair.substr(0, equals)),
                          is_number ? SchedulerValue(number) : SchedulerValue(std::string(value)));
}

inline void parse_argument(std::string_view name, std::string_view text, SchedulerKwargs& value) {
  if (text == "none" || text == "None" || text == "null") return value.clear();
  if (text.starts_with("{")) return void(value = kwargs_of_json(name, text));
  SchedulerKwargs kwargs;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    set_kwarg_pair(name, text.substr(begin, end - begin), kwargs);
    begin = end + 1;
  }
  value = std::move(kwargs);
}

inline Json argument_json(const SchedulerKwargs& kwargs) {
  if (kwargs.empty()) return nullptr;
  Json json = Json::object();
  for (const auto& [key, value] : kwargs) {
    if (value.is_number()) json[key] = value.number();
    else json[key] = value.text();
  }
  return json;
}

inline Json argument_json(const ReportTo& value) { return value.text(); }
template <class T> Json argument_json(const T& value) { return value; }
template <class T> Json argument_json(const std::optional<T>& value) { return json_or_null(value); }
template <class Enum> Json argument_json(const Choice<Enum>& value) { return to_string(value); }

}  // namespace detail

inline void ArgumentField::set(TrainingArguments& arguments, std::string_view text) const {
  std::visit([&](auto field) { detail::parse_argument(name, text, arguments.*field); }, member);
}

inline Json ArgumentField::get(const TrainingArguments& arguments) const {
  return std::visit([&](auto field) { return detail::argument_json(arguments.*field); }, member);
}

/// Every field, in the order of the struct.
inline std::span<const ArgumentField> argument_fields() {
  using A = TrainingArguments;
  static constexpr ArgumentField fields[] = {
      {"output_dir", &A::output_dir, "folder for checkpoints and results"},
      {"num_train_epochs", &A::num_train_epochs, "passes over the training data"},
      {"per_device_train_batch_size", &A::per_device_train_batch_size, "rows per micro-batch"},
      {"per_device_eval_batch_size", &A::per_device_eval_batch_size, "rows per batch of an evaluation"},
      {"learning_rate", &A::learning_rate, "peak learning rate"},
      {"weight_decay", &A::weight_decay, "decoupled decay of weights, not of biases and LayerNorm"},
      {"warmup_ratio", &A::warmup_ratio, "share of the updates that warm up, if warmup_steps is 0"},
      {"eval_strategy", &A::eval_strategy, "when to evaluate: no, steps or epoch"},
      {"save_strategy", &A::save_strategy, "when to save: no, steps, epoch or best"},
      {"load_best_model_at_end", &A::load_best_model_at_end, "end with the best checkpoint's weights"},
      {"metric_for_best_model", &A::metric_for_best_model, "what makes a checkpoint the best"},
      {"logging_dir", &A::logging_dir, "where reporters write; default: runs/<date>_<host> in output_dir"},
      {"logging_steps", &A::logging_steps, "updates between log entries"},
      {"fp16", &A::fp16, "matrix products in half, with a scale of the loss; on a GPU"},
      {"bf16", &A::bf16, "matrix products in bfloat16"},
      {"report_to", &A::report_to, "none, all, or names with commas between: tensorboard, jsonl, html"},
      {"push_to_hub", &A::push_to_hub, "not supported"},
      {"run_name", &A::run_name, "a name for the run; only stored"},
      {"gradient_accumulation_steps", &A::gradient_accumulation_steps, "micro-batches per update"},
      {"max_steps", &A::max_steps, "number of updates; if positive it wins over num_train_epochs"},
      {"optim", &A::optim, "adamw_torch or adamw_torch_fused"},
      {"adam_beta1", &A::adam_beta1, "decay of AdamW's first moments"},
      {"adam_beta2", &A::adam_beta2, "decay of AdamW's second moments"},
      {"adam_epsilon", &A::adam_epsilon, "AdamW's epsilon"},
      {"max_grad_norm", &A::max_grad_norm, "clip gradients to this norm; 0: never"},
      {"label_smoothing_factor", &A::label_smoothing_factor, "share of the target spread over all classes"},
      {"class_weights", &A::class_weights, "of classes in the loss: balanced, 1,2.5 or positive=2.5"},
      {"focal_gamma", &A::focal_gamma, "focal loss: rows count by (1 - p)^gamma"},
      {"pos_weight", &A::pos_weight, "of several labels: what a label that applies counts; as class_weights"},
      {"head_learning_rate", &A::head_learning_rate, "peak rate of the head; default: learning_rate"},
      {"layerwise_lr_decay", &A::layerwise_lr_decay, "factor of the rate from each layer to the one below"},
      {"lr_scheduler_type", &A::lr_scheduler_type,
       "linear, cosine, cosine_with_restarts, polynomial, constant, constant_with_warmup, inverse_sqrt, "
       "reduce_lr_on_plateau, cosine_with_min_lr, cosine_warmup_with_min_lr, warmup_stable_decay or greedy"},
      {"lr_scheduler_kwargs", &A::lr_scheduler_kwargs, "arguments of the schedule: JSON, or name=value,name=value"},
      {"warmup_steps", &A::warmup_steps, "updates that warm up; below 1 a share"},
      {"eval_steps", &A::eval_steps, "updates between evaluations; default: logging_steps"},
      {"eval_delay", &A::eval_delay, "steps or epochs before the first evaluation"},
      {"eval_on_start", &A::eval_on_start, "evaluate before the first update"},
      {"prediction_loss_only", &A::prediction_loss_only, "evaluations compute the loss only"},
      {"logging_strategy", &A::logging_strategy, "when to log: no, steps or epoch"},
      {"logging_first_step", &A::logging_first_step, "log the first update, too"},
      {"disable_tqdm", &A::disable_tqdm, "no progress bar"},
      {"save_steps", &A::save_steps, "updates between checkpoints"},
      {"save_total_limit", &A::save_total_limit, "number of checkpoints to keep"},
      {"save_only_model", &A::save_only_model, "checkpoints without optimizer state"},
      {"greater_is_better", &A::greater_is_better, "direction of metric_for_best_model"},
      {"resume_from_checkpoint", &A::resume_from_checkpoint, "a checkpoint folder, or true for the last one"},
      {"ignore_data_skip", &A::ignore_data_skip, "a resumed run begins its epoch's data anew"},
      {"seed", &A::seed, "seed of the data order and of dropout"},
      {"data_seed", &A::data_seed, "seed of the data order; default: seed"},
      {"dataloader_drop_last", &A::dataloader_drop_last, "leave a short last batch out"},
      {"group_by_length", &A::group_by_length, "batches of rows of similar length"},
      {"train_sampling_strategy", &A::train_sampling_strategy, "random, sequential or group_by_length"},
      {"use_cpu", &A::use_cpu, "train on the CPU even if there is a GPU"},
  };
  return fields;
}

/// The field named `name`. Throws Error(not_found).
inline const ArgumentField& argument_field(std::string_view name) {
  for (const auto& field : argument_fields())
    if (field.name == name) return field;
  fail(ErrorCode::not_found, "TrainingArguments has no field named ", name);
}

/// All fields as a JSON object, the content of training_args.json.
inline Json to_json(const TrainingArguments& arguments) {
  Json json = Json::object();
  for (const auto& field : argument_fields()) json[field.name] = field.get(arguments);
  return json;
}

}  // namespace tl
