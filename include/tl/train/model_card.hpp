// The model card of a run: README.md with the head in YAML that hubs and servers read, in the form in which the Python
// stack's Trainer writes it. Not part of <tl/trainer.hpp>; a program that wants one includes this.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/atomic_file.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/read_file.hpp>
#include <tl/train/argument_fields.hpp>
#include <tl/train/report/log_curves.hpp>
#include <tl/train/speed_metrics.hpp>
#include <tl/train/trainer_state.hpp>
#include <tl/version.hpp>

namespace tl {

/// What a model card says that a run does not know. Names must be UTF-8.
struct ModelCardOptions {
  std::vector<std::string> language{};
  std::optional<std::string> license{};         ///< left open by default: it is for the owner of the model to say
  std::vector<std::string> tags{};              ///< besides generated_from_trainer
  std::string model_name{};                     ///< default: the name of the folder
  std::optional<std::string> finetuned_from{};  ///< the name of the model that was fine-tuned
  std::vector<std::string> tasks{};             ///< default: the one of the model's class
  std::vector<std::string> dataset_tags{};      ///< names on the hub
  std::vector<std::string> dataset{};           ///< names for people; default: dataset_tags
  std::vector<std::string> dataset_args{};      ///< the configuration of each
};

namespace detail::card {

/// The mark of a card that a Trainer wrote.
inline constexpr std::string_view trainer_tag = "generated_from_trainer";

/// One line of valid text.
inline std::string one_line(std::string_view text) {
  std::string line = escape_invalid_utf8(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return line;
}

/// A string in YAML: plain where it cannot be taken for anything else, else in double quotes.
inline std::string yaml_string(std::string_view raw) {
  const std::string text = escape_invalid_utf8(raw);
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '/' || c == '.' || c == ' ';
  };
  const bool letter_first = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  constexpr std::array<std::string_view, 8> words = {"true", "false", "yes", "no", "on", "off", "null", "n"};
  const bool word = std::find(words.begin(), words.end(), lower) != words.end() || lower == "y";
  if (letter_first && !word && text.back() != ' ' && std::all_of(text.begin(), text.end(), plain)) return text;
  return dump_json(Json(text), {.indent = -1, .ensure_ascii = false});
}

/// A number in YAML, which wants a point before an exponent.
inline std::string yaml_number(double value) {
  if (is_nan(value)) return ".nan";
  if (!is_finite(value)) return value < 0 ? "-.inf" : ".inf";
  std::string text = python_float(value);
  if (const std::size_t e = text.find('e'); e != std::string::npos && text.find('.') == std::string::npos)
    text.insert(e, ".0");
  return text;
}

inline std::string yaml_list(std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return {};
  std::string text = str_cat(key, ":\n");
  for (const std::string& value : values) text += str_cat("- ", yaml_string(value), "\n");
  return text;
}

/// "eval_matthews_correlation" as a heading: "Matthews Correlation".
inline std::string heading_of(std::string_view key) {
  if (key.starts_with("eval_")) key.remove_prefix(5);
  std::string text;
  bool first = true;
  for (const char c : key) {
    if (c == '_') text += ' ';
    else if (c >= 'a' && c <= 'z' && first) text += static_cast<char>(c - 'a' + 'A');
    else if (c >= 'A' && c <= 'Z' && !first) text += static_cast<char>(c - 'A' + 'a');
    else text += c;
    first = c == '_';
  }
  return one_line(text);
}

/// A float with at most four decimals, other values as they are.
inline std::string rounded_text(const Json& value) {
  if (!value.is_number_float()) return value.is_string() ? value.get<std::string>() : dump_json(value, {.indent = -1});
  const std::string text = python_float(value.get<double>());
  const std::size_t point = text.find('.');
  return point != std::string::npos && text.size() - point > 5 ? fixed_text(value.get<double>(), 4) : text;
}

/// Scores of the last evaluation by their headings.
using Results = std::vector<std::pair<std::string, Json>>;

inline Results results_of(const Json& log) {
  Results results;
  for (const std::string& key : report::score_names(log))
    for (auto entry = log.rbegin(); entry != log.rend(); ++entry)
      if (const Json* const value = entry->is_object() ? find_member(*entry, key) : nullptr; value != nullptr) {
        results.emplace_back(heading_of(key), *value);
        break;
      }
  return results;
}

/// Metrics that the hub knows by a name of its own, and their headings here.
inline std::vector<std::pair<std::string, const Results::value_type*>> known_metrics(const Results& results) {
  constexpr std::array<std::string_view, 11> known = {"accuracy",  "bleu",      "f1",     "matthews_correlation",
                                                      "pearsonr",  "precision", "recall", "rouge",
                                                      "sacrebleu", "spearmanr", "wer"};
  std::vector<std::pair<std::string, const Results::value_type*>> found;
  for (const auto& result : results) {
    std::string tag = result.first;
    for (char& c : tag) c = static_cast<char>(c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    if (std::find(known.begin(), known.end(), tag) != known.end() && result.second.is_number())
      found.emplace_back(tag, &result);
  }
  return found;
}

/// The task of a model's class on the hub, and its name for people.
inline std::optional<std::pair<std::string, std::string>> task_of(std::string_view tag_or_class) {
  if (tag_or_class == "text-classification" || tag_or_class.ends_with("ForSequenceClassification"))
    return std::pair{"text-classification", "Text Classification"};
  if (tag_or_class == "token-classification" || tag_or_class.ends_with("ForTokenClassification"))
    return std::pair{"token-classification", "Token Classification"};
  return {};
}

/// What a card is made of.
struct Facts {
  Json log = Json::array();         ///< log_history
  Json arguments = Json::object();  ///< training_args.json
  std::string model_class{};        ///< "DistilBertForSequenceClassification"
  ModelCardOptions options{};       ///< model_name is not empty
};

/// Results for each task and data set; a result needs both and a metric, or the hub refuses the card.
inline std::string model_index(const Facts& facts, const Results& results) {
  const ModelCardOptions& options = facts.options;
  std::string text = str_cat("model-index:\n- name: ", yaml_string(options.model_name), "\n");
  const auto metrics = known_metrics(results);
  std::vector<std::pair<std::string, std::string>> tasks;
  for (const std::string& task : options.tasks.empty() ? std::vector{facts.model_class} : options.tasks)
    if (const auto known = task_of(task)) tasks.push_back(*known);
  if (tasks.empty() || options.dataset_tags.empty() || metrics.empty()) return text + "  results: []\n";
  text += "  results:\n";
  for (const auto& [type, name] : tasks)
    for (std::size_t i = 0; i < options.dataset_tags.size(); ++i) {
      const std::string& tag = options.dataset_tags[i];
      text +=
          str_cat("  - task:\n      name: ", name, "\n      type: ", type,
                  "\n    dataset:\n      name: ", yaml_string(i < options.dataset.size() ? options.dataset[i] : tag),
                  "\n      type: ", yaml_string(tag), "\n");
      if (i < options.dataset_args.size()) text += str_cat("      args: ", yaml_string(options.dataset_args[i]), "\n");
      text += "    metrics:\n";
      for (const auto& [metric, result] : metrics)
        text += str_cat("    - name: ", yaml_string(result->first), "\n      type: ", metric,
                        "\n      value: ", yaml_number(result->second.get<double>()), "\n");
    }
  return text;
}

/// The head that hubs and servers read.
inline std::string head(const Facts& facts, const Results& results) {
  const ModelCardOptions& options = facts.options;
  std::string text = "---\nlibrary_name: transformers\n";
  text += yaml_list("language", options.language);
  if (options.license) text += str_cat("license: ", yaml_string(*options.license), "\n");
  if (options.finetuned_from && !options.finetuned_from->empty())
    text += str_cat("base_model: ", yaml_string(*options.finetuned_from), "\n");
  std::vector<std::string> tags = options.tags;
  if (std::find(tags.begin(), tags.end(), trainer_tag) == tags.end()) tags.emplace_back(trainer_tag);
  text += yaml_list("tags", tags) + yaml_list("datasets", options.dataset_tags);
  std::vector<std::string> metrics;
  for (const auto& [metric, result] : known_metrics(results)) metrics.push_back(metric);
  return str_cat(text, yaml_list("metrics", metrics), model_index(facts, results), "---\n");
}

inline std::string hyperparameters(const Json& arguments) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += str_cat("- ", name, ": ", value, "\n");
  };
  const auto value = [&](std::string_view key) {
    const Json* const found = find_member(arguments, key);
    return found == nullptr
               ? std::string("unknown")
               : one_line(rounded_text(found->is_number_float() ? Json(python_float(found->get<double>())) : *found));
  };
  const auto size = [&](std::string_view key, double fallback) {
    return static_cast<std::int64_t>(report::number_at(arguments, key).value_or(fallback));
  };
  line("learning_rate", value("learning_rate"));
  const std::int64_t batch = size("per_device_train_batch_size", 8), steps = size("gradient_accumulation_steps", 1);
  line("train_batch_size", std::to_string(batch));
  line("eval_batch_size", value("per_device_eval_batch_size"));
  line("seed", value("seed"));
  if (steps > 1) {
    line("gradient_accumulation_steps", std::to_string(steps));
    line("total_train_batch_size", std::to_string(batch * steps));
  }
  line("optimizer", str_cat(value("optim"), " with betas=(", value("adam_beta1"), ",", value("adam_beta2"),
                            ") and epsilon=", value("adam_epsilon")));
  line("lr_scheduler_type", value("lr_scheduler_type"));
  if (report::number_at(arguments, "warmup_steps").value_or(0.0) != 0.0)
    line("lr_scheduler_warmup_steps", value("warmup_steps"));
  if (size("max_steps", -1) > 0) line("training_steps", value("max_steps"));
  else line("num_epochs", value("num_train_epochs"));
  for (const auto& [name, words] : {std::pair("fp16", "Native AMP"), std::pair("bf16", "bfloat16")})
    if (const Json* const set = find_member(arguments, name); set != nullptr && *set == true)
      line("mixed_precision_training", words);
  if (report::number_at(arguments, "label_smoothing_factor").value_or(0.0) != 0.0)
    line("label_smoothing_factor", value("label_smoothing_factor"));
  return text;
}

using Table = std::vector<std::vector<std::string>>;

/// A table in Markdown whose columns are as wide as their longest cell.
inline std::string markdown(const Table& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < widths.size(); ++c)
      text += str_cat("| ", rows[r][c], std::string(widths[c] - rows[r][c].size() + 1, ' '));
    text += "|\n";
    if (r > 0) continue;
    for (const std::size_t width : widths) text += str_cat("|:", std::string(width, '-'), ":");
    text += "|\n";
  }
  return text;
}

/// The evaluations during the training, one line for each step at which there were any.
inline std::string training_results(const Json& log) {
  const std::vector<std::string> names = report::score_names(log);
  Table table = {{"Training Loss", "Epoch", "Step"}};
  for (const std::string& name : names) table[0].push_back(name == "eval_loss" ? "Validation Loss" : heading_of(name));
  std::string loss = "No log";
  double last_step = -1.0;
  for (const Json& entry : log) {
    if (!entry.is_object()) continue;
    if (entry.contains("train_runtime")) break;
    if (const Json* const found = find_member(entry, "loss"); found != nullptr) loss = rounded_text(*found);
    if (std::none_of(names.begin(), names.end(), [&](const std::string& name) { return entry.contains(name); }))
      continue;
    const double step = report::number_at(entry, "step").value_or(0.0);
    if (step != last_step) {
      const Json* const epoch = find_member(entry, "epoch");
      table.push_back(
          {loss, epoch != nullptr ? rounded_text(*epoch) : "0", std::to_string(static_cast<std::int64_t>(step))});
      table.back().resize(3 + names.size());
    }
    last_step = step;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (const Json* const found = find_member(entry, names[i]); found != nullptr)
        table.back()[3 + i] = rounded_text(*found);
  }
  return table.size() > 1 ? str_cat("\n### Training results\n\n", markdown(table), "\n") : "";
}

/// What the model was trained from and on, for people.
inline std::string origin(const ModelCardOptions& options) {
  const std::vector<std::string>& sets = options.dataset.empty() ? options.dataset_tags : options.dataset;
  std::string names;
  for (std::size_t i = 0; i < sets.size(); ++i)
    names += str_cat(i == 0 ? "" : i + 1 < sets.size() ? ", " : " and ", one_line(sets[i]));
  return str_cat(options.finetuned_from && !options.finetuned_from->empty()
                     ? str_cat("Fine-tuned from `", one_line(*options.finetuned_from), "`")
                     : std::string("Fine-tuned"),
                 " with tl", names.empty() ? ". The data set is not named." : str_cat(" on ", names, "."), "\n");
}

inline std::string text_of(const Facts& facts) {
  const Results results = results_of(facts.log);
  std::string text = head(facts, results);
  text += str_cat("\n# ", one_line(facts.options.model_name), "\n\n", origin(facts.options));
  if (!results.empty()) {
    text += "\nResults on the evaluation data:\n";
    for (const auto& [name, value] : results) text += str_cat("- ", name, ": ", rounded_text(value), "\n");
  }
  for (const char* title : {"Model description", "Intended uses & limitations", "Training and evaluation data"})
    text += str_cat("\n## ", title, "\n\nTo be written.\n");
  text += "\n## Training procedure\n\n### Training hyperparameters\n\n" + hyperparameters(facts.arguments);
  return str_cat(text, training_results(facts.log), "\n### Framework versions\n\n- tl ", version, "\n");
}

/// The last name of a path, which may end with "/".
inline std::string name_of_folder(const std::filesystem::path& folder) {
  const std::filesystem::path absolute = std::filesystem::absolute(folder).lexically_normal();
  const std::string name = (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
  return name.empty() ? "model" : name;
}

}  // namespace detail::card

/// The text of the model card of a run with this log_history and these arguments, as training_args.json has them;
/// `model_class` such as "DistilBertForSequenceClassification". options.model_name must be set.
inline std::string model_card(const std::vector<Json>& log_history, const Json& arguments,
                              const std::string& model_class, const ModelCardOptions& options) {
  return detail::card::text_of({Json(log_history), arguments, model_class, options});
}

/// Writes README.md, the model card of what `trainer` trained, into output_dir. Returns false, and changes nothing, if
/// there is a README.md that no Trainer wrote. Throws Error(io).
template <class Trainer> bool create_model_card(Trainer& trainer, ModelCardOptions options = {}) {
  const std::filesystem::path folder = trainer.args().output_dir, file = folder / "README.md";
  make_folder(folder, "output_dir: ");
  if (detail::path_exists(file) && read_file(file).find(detail::card::trainer_tag) == std::string::npos) return false;
  if (options.model_name.empty()) options.model_name = detail::card::name_of_folder(folder);
  write_file(file, model_card(trainer.state().log_history, to_json(trainer.args()),
                              std::string(trainer.model().class_name()), options));
  return true;
}

}  // namespace tl
