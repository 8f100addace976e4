// The fields of TrainingArguments as a table: name, help, set from text, read as JSON. Command-line programs and
// training_args.json are made from it, so a new field appears everywhere at once.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>
#include <tl/train/training_arguments.hpp>

namespace tl {

/// One field of TrainingArguments.
struct ArgumentField {
  std::string_view name;
  std::string_view help;
  bool is_flag;  ///< a truth value: on a command line the name alone means true
  void (*assign)(TrainingArguments&, std::string_view name, std::string_view text);
  Json (*read)(const TrainingArguments&);

  /// Sets the field from text: true/false, numbers as in JSON, "none" for an optional field.
  /// Throws Error(invalid_argument) with the field's name.
  void set(TrainingArguments& arguments, std::string_view text) const { assign(arguments, name, text); }
  Json get(const TrainingArguments& arguments) const { return read(arguments); }
};

namespace detail {

inline void parse_argument(std::string_view name, std::string_view text, std::string& value) {
  (void)name;
  value = text;
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
    value = Choice<Enum>(text);
  } catch (const Error& error) {
    const std::string_view sentence = error.what();
    fail(ErrorCode::invalid_argument, name, sentence.substr(sentence.find(':')));
  }
}

template <class T> void parse_argument(std::string_view name, std::string_view text, std::optional<T>& value) {
  if (text == "none" || text == "None" || text == "null") return value.reset();
  T parsed{};
  parse_argument(name, text, parsed);
  value = std::move(parsed);
}

template <class T> Json argument_json(const T& value) { return value; }
template <class Enum> Json argument_json(const Choice<Enum>& value) { return std::string(to_string(value)); }
template <class T> Json argument_json(const std::optional<T>& value) { return value ? Json(*value) : Json(nullptr); }

template <auto Member> ArgumentField argument_field(std::string_view name, std::string_view help) {
  using Value = std::remove_reference_t<decltype(std::declval<TrainingArguments&>().*Member)>;
  return {name, help, std::same_as<Value, bool> || std::same_as<Value, std::optional<bool>>,
          [](TrainingArguments& a, std::string_view field, std::string_view text) {
            parse_argument(field, text, a.*Member);
          },
          [](const TrainingArguments& a) { return argument_json(a.*Member); }};
}

}  // namespace detail

/// Every field, in the order of the struct.
inline const std::vector<ArgumentField>& argument_fields() {
  using A = TrainingArguments;
  using detail::argument_field;
  static const std::vector<ArgumentField> fields = {
      argument_field<&A::output_dir>("output_dir", "folder for checkpoints and results"),
      argument_field<&A::run_name>("run_name", "a name for the run; only stored"),
      argument_field<&A::logging_dir>("logging_dir", "a folder for reporters; only stored"),
      argument_field<&A::report_to>("report_to", "none: no reporter is built in"),
      argument_field<&A::push_to_hub>("push_to_hub", "not supported"),
      argument_field<&A::per_device_train_batch_size>("per_device_train_batch_size", "rows per micro-batch"),
      argument_field<&A::per_device_eval_batch_size>("per_device_eval_batch_size", "rows per batch of an evaluation"),
      argument_field<&A::gradient_accumulation_steps>("gradient_accumulation_steps", "micro-batches per update"),
      argument_field<&A::num_train_epochs>("num_train_epochs", "passes over the training data"),
      argument_field<&A::max_steps>("max_steps", "number of updates; if positive it wins over num_train_epochs"),
      argument_field<&A::optim>("optim", "adamw_torch or adamw_torch_fused"),
      argument_field<&A::learning_rate>("learning_rate", "peak learning rate"),
      argument_field<&A::weight_decay>("weight_decay", "decoupled decay of weights, not of biases and LayerNorm"),
      argument_field<&A::adam_beta1>("adam_beta1", "decay of AdamW's first moments"),
      argument_field<&A::adam_beta2>("adam_beta2", "decay of AdamW's second moments"),
      argument_field<&A::adam_epsilon>("adam_epsilon", "AdamW's epsilon"),
      argument_field<&A::max_grad_norm>("max_grad_norm", "clip gradients to this norm; 0: never"),
      argument_field<&A::label_smoothing_factor>("label_smoothing_factor",
                                                 "share of the target spread over all classes"),
      argument_field<&A::lr_scheduler_type>(
          "lr_scheduler_type",
          "linear, cosine, cosine_with_restarts, polynomial, constant, constant_with_warmup or inverse_sqrt"),
      argument_field<&A::warmup_ratio>("warmup_ratio", "share of the updates that warm up, if warmup_steps is 0"),
      argument_field<&A::warmup_steps>("warmup_steps", "updates that warm up; below 1 a share"),
      argument_field<&A::fp16>("fp16", "not supported on the CPU"),
      argument_field<&A::bf16>("bf16", "matrix products in bfloat16"),
      argument_field<&A::use_cpu>("use_cpu", "train on the CPU even if there is a GPU"),
      argument_field<&A::eval_strategy>("eval_strategy", "when to evaluate: no, steps or epoch"),
      argument_field<&A::eval_steps>("eval_steps", "updates between evaluations; default: logging_steps"),
      argument_field<&A::eval_delay>("eval_delay", "steps or epochs before the first evaluation"),
      argument_field<&A::eval_on_start>("eval_on_start", "evaluate before the first update"),
      argument_field<&A::prediction_loss_only>("prediction_loss_only", "evaluations compute the loss only"),
      argument_field<&A::logging_strategy>("logging_strategy", "when to log: no, steps or epoch"),
      argument_field<&A::logging_steps>("logging_steps", "updates between log entries"),
      argument_field<&A::logging_first_step>("logging_first_step", "log the first update, too"),
      argument_field<&A::disable_tqdm>("disable_tqdm", "no progress bar"),
      argument_field<&A::save_strategy>("save_strategy", "when to save: no, steps, epoch or best"),
      argument_field<&A::save_steps>("save_steps", "updates between checkpoints"),
      argument_field<&A::save_total_limit>("save_total_limit", "number of checkpoints to keep"),
      argument_field<&A::save_only_model>("save_only_model", "checkpoints without optimizer state"),
      argument_field<&A::load_best_model_at_end>("load_best_model_at_end", "end with the best checkpoint's weights"),
      argument_field<&A::metric_for_best_model>("metric_for_best_model", "what makes a checkpoint the best"),
      argument_field<&A::greater_is_better>("greater_is_better", "direction of metric_for_best_model"),
      argument_field<&A::resume_from_checkpoint>("resume_from_checkpoint",
                                                 "a checkpoint folder, or true for the last one"),
      argument_field<&A::ignore_data_skip>("ignore_data_skip", "a resumed run begins its epoch's data anew"),
      argument_field<&A::seed>("seed", "seed of the data order and of dropout"),
      argument_field<&A::data_seed>("data_seed", "seed of the data order; default: seed"),
      argument_field<&A::dataloader_drop_last>("dataloader_drop_last", "leave a short last batch out"),
      argument_field<&A::group_by_length>("group_by_length", "batches of rows of similar length"),
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
  for (const auto& field : argument_fields()) json[std::string(field.name)] = field.get(arguments);
  return json;
}

}  // namespace tl
