// The tables of what the scripts' options mean here, and their spellings.
#include "script_options.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include <tl/io/json_file.hpp>
#include <tl/io/utf8.hpp>

namespace program {

namespace {

/// Another name of an option.
struct OtherName {
  std::string_view name, meant;
};

constexpr OtherName other_names[] = {
    {"evaluation_strategy", "eval_strategy"},
    {"no_cuda", "use_cpu"},
    {"per_gpu_train_batch_size", "per_device_train_batch_size"},
    {"per_gpu_eval_batch_size", "per_device_eval_batch_size"},
    {"text_column_name", "text_column"},
    {"label_column_name", "label_column"},
    {"metric_name", "metrics"},
};

/// An option that is declared to be accepted without effect.
struct WithoutEffect {
  std::string_view name, why;
};

constexpr std::string_view one_process = "there is one process on one machine";
constexpr std::string_view memory_only = "it changes memory and speed of other backends, no result";
constexpr std::string_view no_loader_processes = "rows are in memory and batches are made by a thread";
constexpr std::string_view no_hub = "nothing is uploaded";
constexpr std::string_view no_reporter = "it belongs to a reporter that tl does not have";
constexpr std::string_view no_fp16 = "it belongs to fp16";

constexpr WithoutEffect without_effect[] = {
    // of the scripts
    {"overwrite_cache", "rows that were tokenized are not kept in files"},
    {"use_auth_token", "the login's token is sent where there is one; --token sends another"},
    {"trust_remote_code", "no code is loaded"},
    {"use_fast_tokenizer", "there is one tokenizer, which gives the ids of the fast one"},
    {"preprocessing_num_workers", "--threads is the number of threads"},
    {"pad_to_max_length", "batches are packed, nothing is padded; results are those of padded rows"},
    {"remove_columns", "other columns than those of text and label are not read"},
    // of TrainingArguments
    {"overwrite_output_dir", "results of an earlier run are always replaced, and --resume_from_checkpoint resumes"},
    {"eval_accumulation_steps", "predictions are collected in main memory after each batch"},
    {"torch_empty_cache_steps", memory_only},
    {"log_level", "what is printed does not depend on levels"},
    {"log_level_replica", one_process},
    {"log_on_each_node", one_process},
    {"logging_nan_inf_filter", "a loss that is not finite ends the run with a sentence"},
    {"save_on_each_node", one_process},
    {"restore_callback_states_from_checkpoint", "the states of callbacks are always restored"},
    {"enable_jit_checkpoint", "a signal always lets the run write a checkpoint"},
    {"jit_mode_eval", memory_only},
    {"use_ipex", memory_only},
    {"fp16_opt_level", no_fp16},
    {"half_precision_backend", no_fp16},
    {"fp16_backend", no_fp16},
    {"tf32", "it is a precision of GPUs"},
    {"ddp_backend", one_process},
    {"ddp_find_unused_parameters", one_process},
    {"ddp_bucket_cap_mb", one_process},
    {"ddp_broadcast_buffers", one_process},
    {"ddp_static_graph", one_process},
    {"ddp_timeout", one_process},
    {"average_tokens_across_devices", one_process},
    {"tpu_metrics_debug", "there is no TPU"},
    {"dataloader_num_workers", no_loader_processes},
    {"dataloader_prefetch_factor", no_loader_processes},
    {"dataloader_pin_memory", no_loader_processes},
    {"dataloader_persistent_workers", no_loader_processes},
    {"dataloader_multiprocessing_context", no_loader_processes},
    {"dataloader_in_order", no_loader_processes},
    {"remove_unused_columns", "columns that the model does not use are never read"},
    {"length_column_name", "lengths are counted"},
    {"hub_model_id", no_hub},
    {"hub_strategy", no_hub},
    {"hub_token", no_hub},
    {"hub_private_repo", no_hub},
    {"hub_always_push", no_hub},
    {"hub_revision", no_hub},
    {"push_to_hub_model_id", no_hub},
    {"push_to_hub_organization", no_hub},
    {"push_to_hub_token", no_hub},
    {"project", no_reporter},
    {"trackio_space_id", no_reporter},
    {"trackio_bucket_id", no_reporter},
    {"trackio_static_space_id", no_reporter},
    {"activation_checkpointing", memory_only},
    {"activation_checkpointing_kwargs", memory_only},
    {"gradient_checkpointing", memory_only},
    {"gradient_checkpointing_kwargs", memory_only},
    {"include_inputs_for_metrics", "the metrics of the program need no inputs"},
    {"include_for_metrics", "the metrics of the program need no inputs"},
    {"eval_do_concat_batches", "metrics are those of all rows together"},
    {"batch_eval_metrics", "metrics are those of all rows together"},
    {"eval_use_gather_object", one_process},
    {"full_determinism", "runs are always deterministic"},
    {"use_legacy_prediction_loop", "there is one loop of predictions"},
    {"torchdynamo", memory_only},
    {"torch_compile", memory_only},
    {"torch_compile_backend", memory_only},
    {"torch_compile_mode", memory_only},
    {"ray_scope", "there is no search over runs"},
    {"use_liger_kernel", memory_only},
    {"liger_kernel_config", memory_only},
    {"use_cache", "encoders have no cache"},
};

/// An option that is refused but for the values, with commas between, at which it does nothing. "none" and an empty
/// text are always among them. One with the value true or false may be given by its name alone, which means true.
struct Refused {
  std::string_view name, harmless, why;
};

constexpr std::string_view no_sharding = "there is one process on one machine";

constexpr Refused refused[] = {
    // of the scripts
    {"remove_splits", "", "leave out the options of splits that are not wanted"},
    {"config_name", "", "the configuration is that of the model's folder; --config_overrides changes it"},
    // of TrainingArguments
    {"save_safetensors", "true", "weights are saved as safetensors only"},
    {"use_mps_device", "false", "the program computes on the CPU"},
    {"bf16_full_eval", "false", "--bf16 multiplies matrices in bfloat16 in evaluations, too"},
    {"fp16_full_eval", "false", "there is no fp16 on the CPU; use --bf16"},
    {"local_rank", "-1,0", no_sharding},
    {"tpu_num_cores", "", "there is no TPU"},
    {"debug", "", "there is nothing to switch on; a loss or gradient that is not finite ends the run with a sentence"},
    {"past_index", "-1", "encoders have no past states"},
    {"fsdp", "", no_sharding},
    {"fsdp_config", "", no_sharding},
    {"fsdp_min_num_params", "0", no_sharding},
    {"fsdp_transformer_layer_cls_to_wrap", "", no_sharding},
    {"accelerator_config", "", no_sharding},
    {"parallelism_config", "", no_sharding},
    {"deepspeed", "", no_sharding},
    {"mp_parameters", "", no_sharding},
    {"optim_args", "", "AdamW is set by --adam_beta1, --adam_beta2, --adam_epsilon and --weight_decay"},
    {"optim_target_modules", "", "AdamW updates every parameter that --freeze does not name"},
    {"adafactor", "false", "the optimizer is AdamW"},
    {"skip_memory_metrics", "true", "memory is not measured"},
    {"auto_find_batch_size", "false", "a batch size is not searched for; --per_device_train_batch_size gives it"},
    {"include_tokens_per_second", "false", "tokens are not counted in the log"},
    {"include_num_input_tokens_seen", "false,no", "tokens are not counted in the log"},
    {"neftune_noise_alpha", "0,0.0", "embeddings get no noise"},
    {"label_names", "label,labels,label_ids", "--label_column names the column of the labels"},
};

const std::vector<std::string>& lists() {
  static const std::vector<std::string> names = {"label_names", "include_for_metrics", "optim_target_modules", "debug",
                                                 "fsdp"};
  return names;
}

bool is_flag(const Refused& option) { return option.harmless == "true" || option.harmless.starts_with("false"); }

/// Whether one of the values that are named in `harmless` is `value`.
bool is_harmless(std::string_view harmless, std::string value) {
  std::ranges::transform(value, value.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (value == "none" || value == "null" || value.empty()) return true;
  const std::vector<std::string> values = split_names(std::string(harmless));
  return std::ranges::find(values, value) != values.end();
}

void check_refused(const Refused& option, const std::vector<std::string>& values) {
  for (const std::string& given : values) {
    const std::string value = is_flag(option) && given.empty() ? "true" : given;
    if (is_harmless(option.harmless, value)) continue;
    std::string expected(option.harmless.empty() ? "it not to be given" : option.harmless);
    if (const std::size_t comma = expected.rfind(','); comma != std::string::npos) expected.replace(comma, 1, " or ");
    usage_problems().push_back(tl::str_cat("--", option.name, ": expected ", expected, ", because ", option.why,
                                           ", got ", tl::escape_invalid_utf8(value)));
    return;
  }
}

/// An option's name without dashes and value, "--learning-rate=2" is learning_rate; empty for other words.
std::string option_name(const std::string& word) {
  if (!word.starts_with("--") || word.size() < 3) return {};
  std::string name = word.substr(2, word.find('=') - 2);
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string option_value(const std::string& word) {
  const std::size_t equals = word.find('=');
  return equals == std::string::npos ? std::string() : word.substr(equals);
}

bool declares(const CLI::App& command, const std::string& name) {
  return command.get_option_no_throw("--" + name) != nullptr;
}

/// The word in the spelling of the command, if it is an option that the command has under another spelling.
std::string spelled(const CLI::App& command, const std::string& word) {
  std::string name = option_name(word);
  if (name.empty()) return word;
  for (const OtherName& other : other_names)
    if (name == other.name && declares(command, std::string(other.meant))) name = other.meant;
  if (declares(command, name)) return "--" + name + option_value(word);
  if (name.starts_with("no_") && declares(command, name.substr(3)) && option_value(word).empty())
    return "--" + name.substr(3) + "=false";
  return word;
}

/// The value of a key of a JSON file as an option has it. Throws UsageError for null's opposite, a list in a list.
std::string json_value(const std::string& path, const std::string& key, const tl::Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return tl::dump_json(value, {.indent = -1});
  std::string list;
  for (const tl::Json& item : value) {
    if (item.is_structured())
      throw UsageError(path + ", key " + key + ": expected a list of texts or numbers, got " + tl::dump_json(value));
    list += (list.empty() ? "" : ",") + json_value(path, key, item);
  }
  return list;
}

/// The options that a JSON file holds; null, an empty list and, but for the delimiter, an empty text are as if the key
/// were not there.
std::vector<std::string> options_of_file(const std::string& path) {
  const tl::Json json = tl::read_json(path);
  if (!json.is_object()) throw UsageError(path + ": expected a JSON object of options, got " + json.type_name());
  std::vector<std::string> options;
  for (const auto& [key, value] : json.items()) {
    const bool files = key == "validation_file" && value.is_array();
    for (const tl::Json& one : files ? value : tl::Json::array({value})) {
      const std::string text = one.is_null() ? "" : json_value(path, key, one);
      if (text.empty() && (one.is_null() || key != "text_column_delimiter")) continue;
      options.push_back("--" + key + "=" + text);
    }
  }
  return options;
}

/// --text_column_name of run_ner.py is one column; of run_classification.py, whose documentation abbreviates
/// --text_column_names so, it may be several.
void spell_joined_columns(std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (option_name(arguments[i]) != "text_column_name") continue;
    const std::string value = option_value(arguments[i]);
    const std::string& columns = value.empty() && i + 1 < arguments.size() ? arguments[i + 1] : value;
    if (columns.find(',') != std::string::npos) arguments[i] = "--text_column_names" + value;
  }
}

/// Takes the option out of the arguments: its value, empty if it was given by its name alone; nothing if it was not
/// given.
std::optional<std::string> take_option(std::vector<std::string>& arguments, std::string_view name) {
  for (auto word = arguments.begin(); word != arguments.end(); ++word) {
    if (option_name(*word) != name) continue;
    std::string value = option_value(*word);
    if (!value.empty()) value.erase(0, 1);
    else if (word + 1 != arguments.end() && !(word + 1)->starts_with("--")) value = *(word + 1);
    const bool apart = word->find('=') == std::string::npos && !value.empty();
    arguments.erase(word, word + (apart ? 2 : 1));
    return value;
  }
  return std::nullopt;
}

/// run_ner.py says by --task_name which tags it means: "ner" is the column ner_tags.
void spell_task_name(const CLI::App& command, std::vector<std::string>& arguments) {
  if (!declares(command, "task") || !declares(command, "label_column")) return;
  const std::optional<std::string> name = take_option(arguments, "task_name");
  if (!name) return;
  if (*name != "ner" && *name != "pos" && *name != "chunk")
    throw UsageError("--task_name: expected ner, pos or chunk, which are token classification, got " +
                     (name->empty() ? "nothing" : tl::escape_invalid_utf8(*name)));
  const bool labels = std::ranges::any_of(arguments, [](auto& word) { return option_name(word) == "label_column"; });
  arguments.emplace_back("--task=token-classification");
  if (!labels) arguments.push_back("--label_column=" + *name + "_tags");
}

/// run_classification.py says by --do_regression whether labels are numbers.
void spell_do_regression(const CLI::App& command, std::vector<std::string>& arguments) {
  if (!declares(command, "problem_type")) return;
  const std::optional<std::string> value = take_option(arguments, "do_regression");
  if (!value) return;
  const bool no = *value == "false" || *value == "False" || *value == "0";
  if (!no && !value->empty() && *value != "true" && *value != "True" && *value != "1")
    throw UsageError("--do_regression: expected true or false, got " + tl::escape_invalid_utf8(*value));
  arguments.emplace_back(no ? "--problem_type=single_label_classification" : "--problem_type=regression");
}

/// The number of letters to insert, delete, replace or swap with their neighbour to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last.back();
}

}  // namespace

std::vector<std::string> spelled_out(const CLI::App& app, std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  const CLI::App* command = nullptr;
  for (const CLI::App* one : app.get_subcommands(nullptr))
    if (one->get_name() == arguments.front()) command = one;
  if (command == nullptr) return arguments;
  if (command->get_name() == "train" && arguments.size() == 2 && has_extension(arguments[1], ".json")) {
    std::vector<std::string> options = options_of_file(arguments[1]);
    arguments.pop_back();
    arguments.insert(arguments.end(), options.begin(), options.end());
  }
  spell_joined_columns(arguments);
  std::vector<std::string> words = {arguments.front()};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    words.push_back(spelled(*command, arguments[i]));
    if (!words.back().starts_with("--") || words.back().find('=') != words.back().size() - 1) continue;
    words.back().pop_back();  // of "--NAME=" the parser would take the next word for the value
    words.emplace_back();
  }
  arguments = std::move(words);
  spell_task_name(*command, arguments);
  spell_do_regression(*command, arguments);
  return arguments;
}

void add_script_options(CLI::App& command) {
  const auto add = [&command](std::string_view name, const CLI::callback_t& take) {
    const bool list = std::ranges::find(lists(), name) != lists().end();
    command.add_option("--" + std::string(name), take)->expected(0, list ? 64 : 1)->group("");
  };
  for (const WithoutEffect& option : without_effect) add(option.name, [](const CLI::results_t&) { return true; });
  for (const Refused& option : refused)
    add(option.name, [&option](const CLI::results_t& values) {
      check_refused(option, values);
      return true;
    });
  command.footer("Other options of the reference's scripts are accepted or refused: see docs/script_options.md.");
}

std::vector<std::string> options_without_effect(const CLI::App& command) {
  std::vector<std::string> lines;
  for (const WithoutEffect& option : without_effect) {
    const CLI::Option* const given = command.get_option_no_throw("--" + std::string(option.name));
    if (given != nullptr && !given->empty())
      lines.push_back(tl::str_cat("--", option.name, " has no effect: ", option.why));
  }
  return lines;
}

std::string close_name(const std::string& word, const std::vector<std::string>& names) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 4) + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  const std::string name = close_name(word, names);
  return name.empty() ? "" : "; did you mean " + name + "?";
}

}  // namespace program
